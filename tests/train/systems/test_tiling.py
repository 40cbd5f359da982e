from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from imaging_jax.models.super_resolution import VDSR, EDSRLight, SwinIR
from imaging_jax.transforms import depth_to_space, space_to_depth
from tests.models.super_resolution_helpers import initial, jit
from train.systems.tiling import largest_tile, receptive_radius, tiled, windows
from train.tasks.super_resolution import enlarge


@cache
def enlarging(network):
    # Away from its start near zero, where the network hardly looks around.
    variables = jax.tree.map(
        lambda x: x + 0.05 * np.sin(np.arange(x.size, dtype=np.float32)).reshape(x.shape),
        initial(network),
    )
    return partial(enlarge, network, variables)


@cache
def radius_of(network):
    return receptive_radius(enlarging(network), 2, 1, 8)


@cache
def compiled(network):
    return jit(enlarging(network), static_argnums=1)


LIGHT = EDSRLight(scale=2, channels=1, features=4, blocks=2)
DEEP = VDSR(depth=5, features=4)


def global_mean(lr, scale):
    repeated = jnp.repeat(jnp.repeat(lr, scale, axis=1), scale, axis=2)
    return repeated * jnp.mean(lr, axis=(1, 2), keepdims=True)


def test_the_receptive_radius_is_that_of_the_layers():
    # 3x3 convolutions: head, two blocks of two, body, tail.
    assert radius_of(LIGHT) == 7
    # A pixel of the input, doubled bicubically, reaches 3 pixels of the output on either side of
    # its own two; five 3x3 convolutions reach 5 more: 8 of them lie within 4 of the input's.
    assert radius_of(DEEP) == 4


def test_a_network_that_pools_globally_has_none():
    assert receptive_radius(global_mean, 2, 1, 8) is None


@pytest.mark.parametrize("network", [LIGHT, DEEP], ids=["light", "deep"])
@pytest.mark.parametrize("size", [(41, 58), (30, 64), (20, 19)])
def test_tiles_make_the_whole_image(network, size):
    lr = np.random.default_rng(0).uniform(0.3, 0.7, (2, *size, 1)).astype(np.float32)
    predict = compiled(network)
    whole = np.asarray(predict(lr, 2))
    found = tiled(predict, lr, 2, tile=30, overlap=radius_of(network), period=8)
    np.testing.assert_allclose(found, whole, atol=1e-5)
    if max(size) > 30:
        short = tiled(predict, lr, 2, tile=30, overlap=1, period=8)
        assert np.abs(short - whole).max() > 1e-5


@pytest.mark.parametrize("size", [1, 9, 10, 11, 25, 26, 27, 100])
@pytest.mark.parametrize("period", [1, 2, 4])
def test_windows_cover_an_axis_once_and_keep_their_distance(size, period):
    tile, overlap = 14, 3
    cut = windows(size, tile, overlap, period)
    covered = [place for _, kept in cut for place in range(*kept)]
    assert covered == list(range(size))
    (length,) = {end - first for (first, end), _ in cut}
    assert min(tile - period + 1, size) <= length <= tile
    assert all(first % period == 0 for (first, _), _ in cut)
    for (first, end), (start, stop) in cut:
        assert start - first >= overlap or first == start == 0
        assert end - stop >= overlap or end == stop == size


@pytest.mark.parametrize("size", [(87, 70), (64, 91)])
def test_tiles_of_a_network_that_unshuffles_make_the_whole_image(size):
    def halves(x, scale):
        # Pixels in pairs of rows and columns, filtered among pairs as FFDNet does.
        height, width = x.shape[1:3]
        x = jnp.pad(x, ((0, 0), (0, height % 2), (0, width % 2), (0, 0)), "edge")
        pairs = space_to_depth(x, 2)
        mixed = pairs[..., ::-1] * jnp.roll(pairs, 1, -1)
        near = jnp.pad(mixed, ((0, 0), (1, 1), (1, 1), (0, 0)))
        near = near[:, 2:, 1:-1] + near[:, :-2, 1:-1] + near[:, 1:-1, 2:] + near[:, 1:-1, :-2]
        return depth_to_space(near, 2)[:, :height, :width]

    lr = np.random.default_rng(0).uniform(size=(1, *size, 1)).astype(np.float32)
    radius = receptive_radius(halves, 1, 1, 8)
    assert radius == 3
    found = tiled(halves, lr, 1, tile=37, overlap=radius, period=8)
    np.testing.assert_allclose(found, halves(lr, 1), atol=1e-6)


def farthest(window, blocks):
    """How far any pixel of a network of windows looks, by the edges of what it sees, as numbers.

    A tail, a body and a group's 3x3 convolution lie behind the blocks, a head before them.
    """
    found = 0
    for pixel in range(window):
        low, high = pixel - 3, pixel + 3
        for index in reversed(range(blocks)):
            shift = index % 2 * (window // 2)
            low = (low - shift) // window * window + shift
            high = (high - shift) // window * window + shift + window - 1
        found = max(found, pixel - low + 1, high - pixel + 1)
    return found


@pytest.mark.parametrize("upsampler", ["", "direct"])
@pytest.mark.parametrize("window", [4, 7, 8])
def test_tiles_of_a_network_of_windows_begin_where_its_windows_do(window, upsampler):
    enlarges = {"scale": 2, "upsampler": upsampler} if upsampler else {}
    sizes = {"features": 8, "depths": (2,), "heads": 2}
    network = SwinIR(channels=1, window=window, **sizes, **enlarges)
    pure, scale = enlarging(network), network.scale
    radius = receptive_radius(pure, scale, 1, network.period)
    assert radius == farthest(window, 2)
    predict = jit(pure, static_argnums=1)
    lr = np.random.default_rng(0).uniform(0.3, 0.7, (1, 99, 61, 1)).astype(np.float32)
    whole = np.asarray(predict(lr, scale))
    found = tiled(predict, lr, scale, tile=64, overlap=radius, period=network.period)
    np.testing.assert_allclose(found, whole, atol=2e-6)
    askew = tiled(predict, lr, scale, tile=64, overlap=radius, period=window + 1)
    assert np.abs(askew - whole).max() > 1e-4


def test_a_tile_of_overlap_alone_is_refused():
    with pytest.raises(ValueError, match="tile of 14 pixels holds nothing but its overlap of 7"):
        tiled(enlarging(LIGHT), np.zeros((1, 40, 40, 1), np.float32), 2, 14, 7, period=8)


def test_the_largest_tile_keeps_within_the_memory():
    pure = enlarging(LIGHT)
    side = largest_tile(pure, 2, 1, memory=4e6)
    shape = jax.ShapeDtypeStruct((1, side, side, 1), jnp.float32)
    used = jax.jit(pure, static_argnums=1).lower(shape, 2).compile().memory_analysis()
    held = used.temp_size_in_bytes + used.output_size_in_bytes + used.argument_size_in_bytes
    assert 3e6 < held < 1.01 * 4e6
