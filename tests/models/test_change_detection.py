"""Codes of tiles: the authors' counts and known answers, scores of change, a head of few labels."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from imaging_jax import pretrained
from imaging_jax.models.change_detection import (
    RaVAEn,
    cosine_change,
    euclidean_change,
    few_shot_scores,
    fit_few_shot,
    kl_change,
    wasserstein_change,
)
from imaging_jax.transforms import SENTINEL2_BANDS, log_bands
from tests.models.super_resolution_helpers import jit
from train.data.data_sets import data_set

TEN = ("B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B11", "B12")
WIDE = (32, 64, 128)
SMALL = RaVAEn(widths=(3, 4), extra_depth=1, latent=5, side=8)


def shapes(module):
    images = jax.ShapeDtypeStruct((1, *module.image_shape), jnp.float32)
    noise = jax.ShapeDtypeStruct((1, module.latent), jnp.float32)
    return jax.eval_shape(module.init, jax.random.key(0), images, noise)


@pytest.mark.parametrize(
    ("module", "encoder", "whole"),
    [
        # Of the authors' code, by its layer list.
        (RaVAEn(), 286_352, 442_212),
        (RaVAEn(bands=TEN), 287_216, 443_946),
        (RaVAEn(widths=WIDE), 618_528, 976_324),
        (RaVAEn(bands=TEN, widths=WIDE), 620_256, 979_786),
        (RaVAEn(widths=WIDE, extra_depth=2), 1_006_944, 1_457_772),
        (RaVAEn(bands=TEN, widths=WIDE, extra_depth=2), 1_008_672, 1_462_758),
    ],
    ids=repr,
)
def test_has_the_papers_number_of_parameters(module, encoder, whole):
    params = shapes(module)["params"]
    sizes = {
        name: sum(leaf.size for leaf in jax.tree.leaves(part)) for name, part in params.items()
    }
    assert sizes["encoder"] == encoder
    assert sum(sizes.values()) == whole


def waves(bands):
    rows, columns, channels = np.ogrid[:32, :32, :bands]
    return ((7 * channels + 3 * rows + 5 * columns) % 32) / 16 - 1.0


@functools.cache
def published(name):
    module, variables = pretrained.load(name)
    return jax.jit(lambda x: module.apply(variables, x, method="encode"))


def scene(dataset, bands):
    """Rows and columns 0 to 31 of the last date."""
    image = data_set(f"sentinel2_dates:all:{dataset}")[4]["image"]
    return np.asarray(log_bands(jnp.asarray(image[:32, :32]), bands), np.float64)


# First means, their sum and norm (fact sheet 2.5).
UNTRAINED = {
    "waves": ([0.008902, 0.044842, -0.037725, 0.002144, -0.003145, 0.003748], 0.708308, 0.383661),
    "zeros": ([0.012106, 0.013478, -0.022205, -0.009145], 0.335343, 0.276662),
    "ones": ([-0.025236, 0.034057, -0.042571, 0.051993], 0.127967, 0.416259),
    "minus ones": ([0.021435, 0.076883, -0.076135, 0.025343], 0.917378, 0.483440),
    "scene": ([0.03687, 0.12690, -0.08815, 0.03537, -0.08770, 0.03355], 1.316340, 0.676820),
}


@pytest.mark.parametrize("name", UNTRAINED)
def test_the_untrained_weights_give_the_known_answers(name, imaging_data):
    ones = np.ones((32, 32, 4))
    tiles = {"waves": waves(4), "zeros": 0 * ones, "ones": ones, "minus ones": -ones}
    tile = scene("4", RaVAEn().bands) if name == "scene" else tiles[name]
    mean, log_variance = published("ravaen_untrained")(jnp.asarray(tile[None], jnp.float32))
    first, total, norm = UNTRAINED[name]
    np.testing.assert_allclose(mean[0, : len(first)], first, atol=1e-5)
    assert float(mean.sum()) == pytest.approx(total, abs=1e-5)
    assert float(jnp.linalg.norm(mean)) == pytest.approx(norm, abs=1e-5)
    if name == "waves":
        found = log_variance[0, :3]
        np.testing.assert_allclose(found, [-0.044198, 0.023740, -0.017373], atol=1e-5)
        assert float(log_variance.sum()) == pytest.approx(0.725882, abs=1e-5)


def test_the_scene_is_normalised_as_the_sheet_says(imaging_data):
    tile = scene("4", RaVAEn().bands)
    assert tile.mean() == pytest.approx(-0.972142, abs=1e-5)
    np.testing.assert_allclose(tile[0, 0], [-1.49579, -1.21796, -1.92423, 0.60281], atol=3e-5)


def test_the_trained_weights_give_the_golden_vector(imaging_data):
    file = imaging_data / "weights/ravaen_trained_mu_encoder_10bands.npz"
    with np.load(file) as arrays:
        numbers, golden = arrays["tile"], arrays["gold"]
    tile = log_bands(jnp.asarray(np.moveaxis(numbers, 0, -1)[None] / 10_000), TEN)
    mean, log_variance = published("ravaen_small_10")(tile)
    np.testing.assert_allclose(mean[0], golden, atol=1e-4)
    assert float(jnp.linalg.norm(mean)) == pytest.approx(22.88124, abs=1e-4)
    assert not log_variance.any()


# Of the trained weights (fact sheet 2.7).
TRAINED = {
    "waves": ([0.90243, -0.13922, 0.84582, -0.17957, 0.76288, -0.03096], 8.41194, 6.46647),
    "zeros": ([0.34786, -0.02740, 0.90469, -0.32179], 7.86162, 4.53665),
    "scene": ([0.70879, 0.51424, 0.23226, 0.33997, 6.58737, 0.14708], 12.24589, 10.86879),
}


@pytest.mark.parametrize("name", TRAINED)
def test_the_trained_weights_give_the_known_answers(name, imaging_data):
    tile = {"waves": lambda: waves(10), "zeros": lambda: np.zeros((32, 32, 10)),
            "scene": lambda: scene("10", TEN)}[name]()  # fmt: skip
    mean, _ = published("ravaen_small_10")(jnp.asarray(tile[None], jnp.float32))
    first, total, norm = TRAINED[name]
    np.testing.assert_allclose(mean[0, : len(first)], first, atol=5e-5)
    assert float(mean.sum()) == pytest.approx(total, abs=2e-4)
    assert float(jnp.linalg.norm(mean)) == pytest.approx(norm, abs=5e-5)


def grid_of_codes(name, count):
    """Codes of the 3x3 tiles of each date, in order of time."""
    dates = data_set(f"sentinel2_dates:all:{count}")
    bands = dates.assets["bands"]
    tiles = np.stack([
        item["image"][32 * i : 32 * (i + 1), 32 * j : 32 * (j + 1)]
        for item in dates
        for i in range(3)
        for j in range(3)
    ])  # fmt: skip
    mean, _ = published(name)(log_bands(jnp.asarray(tiles), bands))
    return dict(zip(dates.names, mean.reshape(5, 9, -1), strict=True))


@pytest.mark.parametrize(
    ("name", "count", "expected"),
    [
        ("ravaen_untrained", 4, (0.003038, 0.001115, 0.004283, 0.211381, 0.179955)),
        ("ravaen_small_10", 10, (0.03984, 0.01501, 0.05999, 0.64389, 0.43418)),
    ],
)
def test_a_cloud_scores_far_above_a_clear_pair(name, count, expected, imaging_data):
    codes = grid_of_codes(name, count)
    first, cloud_1, cloud_0, second, last = codes.values()
    pairs = ((first, second), (second, last), (first, last), (last, cloud_0), (last, cloud_1))
    found = [float(cosine_change(before[None], after).mean()) for before, after in pairs]
    np.testing.assert_allclose(found, expected, atol=1e-5)
    if name == "ravaen_untrained":
        row = cosine_change(second[None], last)[:3]
        np.testing.assert_allclose(row, [0.00068, 0.00239, 0.00099], atol=1e-5)


def test_distances_are_those_of_their_formulas(x64):
    generator = np.random.default_rng(0)
    before, after = generator.standard_normal((3, 5, 7)), generator.standard_normal((5, 7))
    logs = generator.standard_normal((4, 5, 7))
    for place in range(5):
        cosines = [
            b @ after[place] / np.linalg.norm(b) / np.linalg.norm(after[place])
            for b in before[:, place]
        ]
        found = cosine_change(before, after)[place]
        np.testing.assert_allclose(found, (1 - max(cosines)) / 2)
        norms = [np.linalg.norm(b - after[place]) for b in before[:, place]]
        np.testing.assert_allclose(euclidean_change(before, after)[place], min(norms))
    given = (before, logs[:3]), (after, logs[3])
    deviations, past = np.exp(logs[3] / 2), np.exp(logs[2] / 2)
    squares = (after - before[-1]) ** 2
    kl = np.log(past / deviations) + (deviations**2 + squares) / (2 * past**2) - 0.5
    np.testing.assert_allclose(kl_change(*given), kl.sum(axis=-1))
    wasserstein = squares + (deviations - past) ** 2
    np.testing.assert_allclose(wasserstein_change(*given), wasserstein.sum(axis=-1))


@pytest.mark.parametrize("change", [kl_change, wasserstein_change])
def test_what_is_the_same_has_not_changed(change, x64):
    codes = np.random.default_rng(0).standard_normal((2, 4, 6))
    np.testing.assert_allclose(change((codes[:1], codes[1:]), tuple(codes)), 0, atol=1e-12)
    assert (change((codes[:1] + 1, codes[1:]), tuple(codes)) > 0).all()


def test_trains():
    x = jnp.asarray(np.random.default_rng(0).random((6, *SMALL.image_shape)), jnp.float32)
    noise = jnp.asarray(np.random.default_rng(1).standard_normal((6, 5)), jnp.float32)
    variables = jit(SMALL.init)(jax.random.key(0), x, noise)
    optimizer = optax.adam(3e-3)

    @jit
    def step(variables, state):
        def loss(params):
            own = {**variables, "params": params}
            (restored, mean, log_variance), updated = SMALL.apply(
                own, x, noise, train=True, mutable=["batch_stats"]
            )
            spread = jnp.mean(jnp.exp(log_variance) + mean**2 - log_variance)
            return jnp.mean((restored - x) ** 2) + 1e-3 * spread, updated

        (value, updated), grads = jax.value_and_grad(loss, has_aux=True)(variables["params"])
        updates, state = optimizer.update(grads, state)
        params = optax.apply_updates(variables["params"], updates)
        return {**updated, "params": params}, state, value, grads

    state, losses = optimizer.init(variables["params"]), []
    seen = jax.tree.map(jnp.zeros_like, variables["params"])
    for _ in range(8):
        variables, state, value, grads = step(variables, state)
        seen = jax.tree.map(lambda a, g: a + jnp.abs(g), seen, grads)
        losses.append(float(value))
    assert losses[-1] < 0.9 * losses[0]
    assert all(jnp.any(leaf > 0) for leaf in jax.tree.leaves(seen))


def test_few_labels_tell_clouds_from_clear_tiles(imaging_data):
    codes = grid_of_codes("ravaen_small_10", 10)
    clear, clouds = (
        jnp.concatenate([codes[date] for date in dates])
        for dates in (("2015-07-11", "2015-08-30", "2015-09-09"), ("2015-07-31", "2015-08-20"))
    )
    shown = [np.random.default_rng(0).permutation(len(codes))[:5] for codes in (clear, clouds)]
    few = jnp.concatenate([clear[shown[0]], clouds[shown[1]]])
    params = fit_few_shot(few, jnp.repeat(jnp.arange(2), 5), 2)
    assert sum(leaf.size for leaf in params.values()) == 129
    labels = np.repeat([0, 1], [len(clear), len(clouds)])
    scores = few_shot_scores(params, jnp.concatenate([clear, clouds]))
    assert (scores.argmax(axis=-1) == labels).mean() == 1.0


def test_four_classes_have_a_score_each():
    codes = jnp.repeat(jnp.eye(4, 128), 2, axis=0)
    params = fit_few_shot(codes, jnp.repeat(jnp.arange(4), 2), 4)
    assert sum(leaf.size for leaf in params.values()) == 516
    assert few_shot_scores(params, codes).argmax(axis=-1).tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    with pytest.raises(ValueError, match=r"of each of 2 classes at least, lacks \[2\]"):
        fit_few_shot(codes[:4], jnp.repeat(jnp.arange(2), 2), 3)
    with pytest.raises(ValueError, match=r"labels: wanted 0 to 1, got \[7\]"):
        fit_few_shot(codes[:3], jnp.array([0, 1, 7]), 2)


def test_logarithms_are_the_authors(x64):
    numbers = np.array([10.0, 400.0, 1000.0, 3000.0])
    found = log_bands(np.broadcast_to(numbers[:, None, None] / 1e4, (4, 1, 13)), SENTINEL2_BANDS)
    # B2 from 6.9 to 7.5, B12 from 6 to 8.
    np.testing.assert_allclose(found[:, 0, 1], (np.log(numbers) - 7.2) / 0.3)
    np.testing.assert_allclose(found[:, 0, 12], np.log(numbers) - 7)
    assert log_bands(np.zeros((1, 1, 1)), ("B2",)) == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: shapes(RaVAEn(side=20)), "side=20: wanted a multiple of 8"),
        (lambda: shapes(RaVAEn(bands=("B4", "red"))), "bands: got B4, red; wanted different ones"),
        (lambda: shapes(RaVAEn(bands=("B4", "B4"))), "bands: got B4, B4; wanted different ones"),
        (lambda: shapes(RaVAEn(latent=0)), "latent must be at least 1, got 0"),
        (lambda: log_bands(jnp.ones((2, 2, 3)), ("B2",)), r"x: expected 1 bands, B2; got \(2, 2,"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
