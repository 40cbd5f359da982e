"""Pairs of patches and puzzles of tiles: places read off images that say where each pixel lies."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from imaging_jax.synthesis import (
    distant_permutations,
    drop_colors,
    jigsaw,
    location_pairs,
    project_colors,
)

KEY = jax.random.key(0)
# Rows and columns of the eight neighbours, as the paper counts them from above to the left.
WAYS = [(-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)]


def places(count, height, width):
    """Images whose channels are row and column."""
    image = np.stack(np.indices((height, width)), axis=-1).astype(np.float32)
    return jnp.asarray(np.stack([image] * count))


@pytest.mark.parametrize(
    ("count", "criterion", "least", "mean"),
    [
        # Found apart from this code, from the identity, the first index at ties.
        (10, "mean", 2, 8.800),
        (24, "mean", 2, 8.315),
        (64, "mean", 2, 8.125),
        (100, "mean", 2, 8.080),
        (1000, "mean", 2, 8.008),
        (10, "least", 8, 8.800),
        (24, "least", 7, 8.141),
        (64, "least", 7, 7.986),
        (100, "least", 6, 8.027),
        (1000, "least", 5, 7.910),
    ],
)
def test_permutations_are_far_from_each_other(count, criterion, least, mean):
    found = distant_permutations(count, criterion=criterion)
    assert np.all(np.sort(found, axis=1) == np.arange(9))
    distances = np.sum(found[:, None] != found, axis=-1)[np.triu_indices(count, 1)]
    assert distances.min() == least
    assert distances.mean() == pytest.approx(mean, abs=6e-4)
    first = ["".join(map(str, row)) for row in found[:4]]
    assert first == ["012345678", "103254786", "230167845", "321078564"]


def test_all_permutations_of_a_small_puzzle():
    for criterion in ("least", "mean"):
        found = distant_permutations(24, 4, criterion)
        assert len(np.unique(found, axis=0)) == 24


def corners(patches):
    """Of patches of `places`, whose other pixels are checked."""
    side = patches.shape[1]
    first = np.asarray(patches[:, 0, 0])
    wanted = first[:, None, None] + np.stack(np.indices((side, side)), axis=-1)
    np.testing.assert_array_equal(patches, wanted)
    return first.astype(int)


def test_second_patches_lie_where_labels_say():
    count, side, gap, jitter = 2000, 8, 4, 2
    images = places(count, 29, 33)
    first, second, labels = jax.jit(location_pairs, static_argnums=(2, 3, 4))(
        KEY, images, side, gap, jitter
    )
    moved = corners(second) - corners(first) - (side + gap) * np.array(WAYS)[labels]
    # Each is moved by up to 2 pixels, one from the other by up to 4.
    assert (moved.min(axis=0).tolist(), moved.max(axis=0).tolist()) == ([-4, -4], [4, 4])
    assert np.bincount(labels).tolist() == [250] * 8
    # A difference of two uniform numbers of five: 1, 2, 3, 4, 5, 4, 3, 2, 1 of 25.
    shares = np.bincount(moved.ravel() + 4) / moved.size
    np.testing.assert_allclose(shares, np.array([1, 2, 3, 4, 5, 4, 3, 2, 1]) / 25, atol=0.02)
    both = np.concatenate([corners(first), corners(second)])
    # Up to every edge of the image.
    assert both.min(axis=0).tolist() == [0, 0]
    assert both.max(axis=0).tolist() == [29 - side, 33 - side]
    # Neighbours without gap or jitter touch.
    plain = location_pairs(KEY, images, side, 0, 0)
    step = corners(plain[1]) - corners(plain[0])
    np.testing.assert_array_equal(step, side * np.array(WAYS)[plain[2]])


def test_a_pair_fits_exactly():
    first, second, labels = location_pairs(KEY, places(64, 20, 20), 8, 2, 1)
    assert first.shape == second.shape == (64, 8, 8, 2)
    diagonal = np.abs(np.array(WAYS)[labels]).sum(axis=1) == 2
    low = np.minimum(corners(first), corners(second))[diagonal]
    assert low.min() >= 0
    assert low.max() <= 2
    # Labels of any batch differ in number by one at most.
    numbers = np.bincount(location_pairs(KEY, places(21, 20, 20), 8, 2, 1)[2], minlength=8)
    assert set(numbers) == {2, 3}


def test_one_colour_is_kept():
    patches = jnp.asarray(np.random.default_rng(0).random((300, 9, 9, 3)), jnp.float32)
    found = np.asarray(drop_colors(KEY, patches))
    centred = np.asarray(patches - patches.mean(axis=(1, 2), keepdims=True))
    kept = np.abs(found - centred).max(axis=(1, 2)) < 1e-6
    assert kept.sum(axis=1).tolist() == [1] * 300
    assert np.bincount(kept.argmax(axis=1)).min() > 70
    noise = np.moveaxis(found, -1, 1)[~kept]
    assert (noise.min() >= -0.5, noise.max() <= 0.5) == (True, True)
    assert noise.std() == pytest.approx(12**-0.5, abs=0.005)


def test_projection_takes_one_direction_away():
    x = np.random.default_rng(0).random((2, 3, 4, 3)).astype(np.float32)
    a = np.array([-1, 2, -1])
    wanted = x - (x @ a)[..., None] * a / 6
    np.testing.assert_allclose(project_colors(x), wanted, atol=1e-6)
    np.testing.assert_allclose(project_colors(x) @ a, 0, atol=1e-6)


def test_tiles_lie_in_the_cells_of_their_permutation():
    permutations = distant_permutations(5)
    make = jax.jit(jigsaw, static_argnums=(3, 4, 5))
    # Cells of 10 by 12 from row and column 1 on, in which tiles of 8 move by up to 2 and 4.
    tiles, labels = make(KEY, places(400, 32, 38), permutations, 3, 8, False)
    assert tiles.shape == (400, 9, 8, 8, 2)
    found = corners(tiles.reshape(-1, 8, 8, 2)).reshape(400, 9, 2)
    cells = np.stack(np.divmod(permutations[labels], 3), axis=-1)
    within = found - 1 - cells * [10, 12]
    assert within.reshape(-1, 2).min(axis=0).tolist() == [0, 0]
    assert within.reshape(-1, 2).max(axis=0).tolist() == [2, 4]
    assert np.bincount(labels).min() > 50


def test_each_tile_is_normalised_by_itself():
    images = np.random.default_rng(0).random((3, 30, 30, 3)).astype(np.float32)
    images = images * np.linspace(0.1, 1, 30, dtype=np.float32)[:, None, None]
    tiles, _ = jigsaw(KEY, images, distant_permutations(4, 4), 2, 12)
    np.testing.assert_allclose(tiles.mean(axis=(2, 3)), 0, atol=1e-5)
    np.testing.assert_allclose(tiles.std(axis=(2, 3)), 1, atol=1e-3)
    raw, _ = jigsaw(KEY, images, distant_permutations(4, 4), 2, 12, normalized=False)
    own = np.asarray(raw[0, 0])
    wanted = (own - own.mean(axis=(0, 1))) / np.sqrt(own.var(axis=(0, 1)) + 1e-6)
    np.testing.assert_allclose(tiles[0, 0], wanted, atol=1e-4)
    assert np.all(np.isfinite(jigsaw(KEY, jnp.zeros((1, 6, 6, 1)), jnp.arange(9)[None], 3, 2)[0]))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: distant_permutations(10, 10), "length: expected 2 to 9, got 10"),
        (lambda: distant_permutations(25, 4), "count: expected 1 to 24 permutations of 4, got 25"),
        (lambda: distant_permutations(5, 4, "max"), "criterion: expected one of"),
        (
            lambda: location_pairs(KEY, places(2, 21, 40), 8, 4, 1),
            "expected .* of 22 pixels a side, for two patches of 8, a gap of 4 and a jitter of 1",
        ),
        (lambda: location_pairs(KEY, places(2, 40, 40), 8, -1, 1), "gap: expected at least 0"),
        (lambda: location_pairs(KEY, places(2, 40, 40), 8, 1, -1), "jitter: expected at least 0"),
        (lambda: drop_colors(KEY, places(2, 4, 4)), r"patches: expected \(N, H, W, 3\)"),
        (lambda: project_colors(places(2, 4, 4)), r"patches: expected \(N, H, W, 3\)"),
        (
            lambda: jigsaw(KEY, places(2, 23, 30), distant_permutations(4), 3, 8),
            "of 24 pixels a side, for 3x3 tiles of 8, got",
        ),
        (
            lambda: jigsaw(KEY, places(2, 30, 30), distant_permutations(4, 4), 3, 8),
            r"permutations: expected \(P, 9\), got \(4, 4\)",
        ),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
