"""Hyperspectral networks: their numbers of parameters, and a second writing of what they do."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.io
from scipy.ndimage import zoom

from imaging_jax import pretrained
from imaging_jax.metrics import psnr, spectral_angle
from imaging_jax.models.hyperspectral import (
    HSIDCNN,
    MST,
    QRNN3D,
    MSTPlusPlus,
    SSCANet,
    back_shift,
    hsid_cnn,
)
from imaging_jax.models.hyperspectral._spectral_transformer import SpectralAttention
from imaging_jax.models.hyperspectral._volumes import VolumeConv, enlarge
from imaging_jax.models.hyperspectral.qrnn3d import recurrent_pooling
from imaging_jax.operators import cassi
from tests.models import hyperspectral_numpy as second
from tests.models.super_resolution_helpers import jit

SMALL = {
    "hsid_cnn": HSIDCNN(features=4),
    "mst": MST(bands=4, blocks=(1, 1, 1)),
    "mst_plus_plus": MSTPlusPlus(stages=1, bands_out=4),
    "qrnn3d": QRNN3D(features=2),
    "sscanet": SSCANet(features=(4, 8)),
    "sscanet_without_gates": SSCANet(features=(4, 8), attention=False),
}
HEIGHT, WIDTH = 7, 10


def clean(module):
    """A smooth cube, (1, H, W, bands)."""
    bands = {HSIDCNN: 26, MST: 4, MSTPlusPlus: 4}.get(type(module), 5)
    rows, columns, band = np.ogrid[:HEIGHT, :WIDTH, :bands]
    cube = 0.5 + 0.3 * np.sin(0.5 * rows + 0.3 * columns + 0.4 * band)
    return jnp.asarray(cube[None], jnp.float32)


def arguments(module, cube):
    """What the network is given of a cube."""
    generator = np.random.default_rng(1)
    if isinstance(module, MST):
        mask = jnp.asarray(generator.random(cube.shape[-3:-1]) > 0.5, jnp.float32)
        return cassi(cube, mask), mask
    if isinstance(module, MSTPlusPlus):
        return (cube[..., :3] ** 2,)
    return (cube + 0.1 * generator.standard_normal(cube.shape[-3:]).astype(np.float32),)


@functools.cache
def initial(module):
    """Variables as they start, but drawn by numpy: compiling their random numbers takes longer."""
    generator = np.random.default_rng(2)

    def start(path, leaf):
        if path[-1].key in ("scale", "var"):
            return jnp.ones(leaf.shape)
        std = np.prod(leaf.shape[:-1]) ** -0.5 if path[-1].key == "kernel" else 0.0
        return jnp.asarray(std * generator.standard_normal(leaf.shape), leaf.dtype)

    given = arguments(module, clean(module))
    return jax.tree_util.tree_map_with_path(
        start, jax.eval_shape(module.init, jax.random.key(0), *given)
    )


def random_like(tree):
    """A tree of these shapes, of values away from 0 of either sign."""
    generator = np.random.default_rng(2)
    return jax.tree.map(
        lambda leaf: (
            jnp.asarray(generator.uniform(0.1, 0.6, leaf.shape), jnp.float32)
            * jnp.asarray(generator.choice([-1, 1], leaf.shape), jnp.float32)
        ),
        tree,
    )


@pytest.mark.parametrize(
    ("module", "shapes", "parameters"),
    [
        (HSIDCNN(), [(8, 8, 24)], 399_161),
        (QRNN3D(), [(8, 8, 31)], 860_453),
        (SSCANet(), [(8, 8, 31)], 523_320),
        (SSCANet(attention=False), [(8, 8, 31)], 499_169),
        (MSTPlusPlus(), [(8, 8, 3)], 1_619_625),
        (MSTPlusPlus(stages=1), [(8, 8, 3)], 546_199),
        (MSTPlusPlus(stages=2), [(8, 8, 3)], 1_082_912),
        (MSTPlusPlus(bands_in=28, bands_out=28), [(8, 8, 28)], 1_332_354),
        (MST(), [(8, 62, 1), (8, 8)], 922_648),
        (MST(blocks=(2, 4, 4)), [(8, 62, 1), (8, 8)], 1_487_592),
        (MST(blocks=(4, 7, 5)), [(8, 62, 1), (8, 8)], 2_018_156),
    ],
    ids=repr,
)
def test_has_the_papers_number_of_parameters(module, shapes, parameters):
    given = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in shapes]
    found = jax.eval_shape(module.init, jax.random.key(0), *given)
    assert sum(leaf.size for leaf in jax.tree.leaves(found["params"])) == parameters


@pytest.mark.parametrize("name", SMALL)
def test_keeps_odd_sizes_and_leading_axes(name):
    module, cube = SMALL[name], clean(SMALL[name])
    single = jax.eval_shape(module.apply, initial(module), *arguments(module, cube[0]))
    assert (single.shape, single.dtype) == (cube.shape[1:], jnp.float32)
    apply = jit(module.apply)
    stack = jnp.stack([cube, 0.5 * cube[:, ::-1]])
    found, turned = (
        apply(initial(module), *arguments(module, given)) for given in (stack, stack[::-1])
    )
    assert found.shape == (2, *cube.shape)
    assert np.all(np.isfinite(found))
    assert not np.allclose(found[0], found[1], atol=1e-2)
    np.testing.assert_allclose(found, turned[::-1], atol=1e-5)


@pytest.mark.parametrize("name", SMALL)
def test_descent_lowers_the_loss_and_every_parameter_has_a_gradient(name):
    module = SMALL[name]
    target = clean(module)
    given = arguments(module, target)
    variables = dict(initial(module))
    params = variables.pop("params")

    @jit
    @functools.partial(jax.value_and_grad, has_aux=True)
    def gradient(params, variables):
        output, updated = module.apply(
            {"params": params, **variables}, *given, train=True, mutable=list(variables)
        )
        return jnp.mean((output - target) ** 2), updated

    losses, largest = [], jax.tree.map(lambda _: 0.0, params)
    for step in range(12):
        (value, variables), grads = gradient(params, variables)
        losses.append(float(value))
        grads = jax.tree.map(np.asarray, grads)
        if step < 3:
            largest = jax.tree.map(lambda m, g: max(m, np.abs(g).max()), largest, grads)
        params = jax.tree.map(lambda p, g: np.asarray(p) - 4e-3 * np.sign(g), params, grads)
    assert losses[-1] < 0.9 * losses[0]
    assert all(size > 0 for size in jax.tree.leaves(largest))


@pytest.mark.parametrize("stride", [1, 2])
def test_convolution_of_volumes(stride):
    x = np.random.default_rng(0).random((1, 4, 6, 5, 2), np.float32)
    layer = VolumeConv(3, stride, use_bias=True)
    params = random_like(jax.eval_shape(layer.init, jax.random.key(0), x)["params"])
    wanted = second.volume_convolution(x[0], **params, stride=stride)
    np.testing.assert_allclose(layer.apply({"params": params}, x)[0], wanted, atol=1e-5)


@pytest.mark.parametrize("backward", [False, True])
def test_pooling_along_the_bands(backward):
    z, f = np.random.default_rng(0).random((2, 6, 2, 3)).astype(np.float32)
    found = recurrent_pooling(z[None], f[None], backward)[0]
    np.testing.assert_allclose(found, second.pooled(z, f, backward), rtol=1e-5)


def test_enlarging_keeps_the_corners():
    x = np.random.default_rng(0).random((1, 2, 4, 5, 3), np.float32)
    np.testing.assert_allclose(enlarge(x), zoom(x, (1, 1, 2, 2, 1), order=1), atol=1e-5)
    np.testing.assert_allclose(enlarge(x[:, :, :1, :1]), np.tile(x[:, :, :1, :1], (1, 1, 2, 2, 1)))


def test_qrnn3d_is_that_of_the_second_writing():
    module = QRNN3D(features=1)
    cube = np.random.default_rng(0).random((8, 4, 3), np.float32)
    variables = jax.eval_shape(module.init, jax.random.key(0), cube)
    variables = jax.tree.map(jnp.abs, random_like(variables))
    found = jit(module.apply)(variables, cube)
    np.testing.assert_allclose(found, second.qrnn3d(variables, cube), rtol=1e-4)


@pytest.mark.parametrize(("heads", "masked"), [(2, False), (1, True), (4, True)])
def test_spectral_attention(heads, masked):
    level, generator = heads.bit_length() - 1, np.random.default_rng(0)
    x = generator.random((1, 3, 4, 4 * heads), np.float32)
    guides = [generator.random((1, 3, 4 + shift, 4 * heads), np.float32) for shift in (6, 3, 1)]
    guide = guides[level] if masked else None
    layer = SpectralAttention(heads, masked)
    shapes = jax.eval_shape(layer.init, jax.random.key(0), x, guide)
    params = random_like(shapes["params"])
    wanted = second.spectral_attention(params, x[0], heads, guide[0] if masked else None, level)
    found = jit(layer.apply)({"params": params}, x, guide)[0]
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


def test_attention_of_a_black_image_has_a_gradient():
    layer, x = SpectralAttention(2), jnp.zeros((1, 3, 4, 8))
    variables = random_like(jax.eval_shape(layer.init, jax.random.key(0), x))
    gradient = jit(jax.grad(lambda v: jnp.sum(layer.apply(v, x))))(variables)
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(gradient))


def test_back_shift_puts_bands_in_their_places():
    cube = np.zeros((3, 5, 4), np.float32)
    cube[1, 2, 3] = 1
    estimate = back_shift(cassi(jnp.asarray(cube), np.ones((3, 5), np.float32)), 4)
    assert estimate.shape == cube.shape
    np.testing.assert_array_equal(estimate[..., 3], 0.5 * cube[..., 3])


def test_hsid_cnn_is_that_of_the_second_writing(monkeypatch):
    module = HSIDCNN(features=2)
    cube = np.random.default_rng(0).random((6, 5, 29), np.float32)
    variables = random_like(jax.eval_shape(module.init, jax.random.key(0), cube))
    variables = jax.tree.map(lambda leaf: leaf / max(1, leaf[..., 0].size) ** 0.5, variables)
    found = jit(module.apply)(variables, cube)
    neighbours = {0: [*range(24)], 11: [*range(24)], 12: [*range(12), *range(13, 25)]}
    neighbours |= {16: [*range(4, 16), *range(17, 29)], 17: [*range(5, 29)], 28: [*range(5, 29)]}
    assert not np.allclose(found, cube, atol=0.01)
    for band, others in neighbours.items():
        wanted = second.hsid_band(
            variables["params"]["network"], cube[..., band], cube[..., others]
        )
        np.testing.assert_allclose(found[..., band], wanted, atol=1e-5)
    monkeypatch.setattr(hsid_cnn, "_AT_ONCE", 4 * cube[..., 0].size)
    chunked = jit(lambda variables, cube: module.apply(variables, cube))(variables, cube)
    np.testing.assert_allclose(chunked, found, atol=1e-6)


@pytest.fixture(scope="module")
def samson(imaging_data):
    """The cube and its noisy copy, (95, 95, 156)."""
    cube = scipy.io.loadmat(imaging_data / "hyperspectral/Samson.mat")["Y"].reshape(156, 95, 95)
    noisy = cube + 50 / 255 * np.random.RandomState(0).randn(156, 95, 95)
    return tuple(np.moveaxis(x, 0, -1).astype(np.float32) for x in (cube, noisy))


def test_published_weights_are_those_of_the_second_writing(samson, imaging_data, monkeypatch):
    monkeypatch.setenv("IMAGING_DATA", str(imaging_data))
    module, variables = pretrained.load("hsid_cnn_sigma50")
    crop = samson[1][:12, :12, 60:85]
    found = jit(module.apply)(variables, crop)
    around = np.delete(crop, 12, axis=-1)
    wanted = second.hsid_band(variables["params"]["network"], crop[..., 12], around)
    np.testing.assert_allclose(found[..., 12], wanted, atol=1e-5)


@pytest.mark.slow
def test_published_weights_denoise_samson(samson, imaging_data, monkeypatch):
    monkeypatch.setenv("IMAGING_DATA", str(imaging_data))
    module, variables = pretrained.load("hsid_cnn_sigma50")
    cube, noisy = samson
    denoised = jax.jit(module.apply)(variables, noisy)
    figures = []
    for estimate in (noisy, denoised):
        bands = psnr(*(np.moveaxis(x, -1, 0)[..., None] for x in (cube, estimate)))
        figures.append((float(jnp.mean(bands)), float(spectral_angle(cube, estimate))))
    assert figures[0] == pytest.approx((14.156, 48.90), abs=0.01)
    assert figures[1] == pytest.approx((33.897, 8.34), abs=0.01)


@pytest.mark.parametrize(
    ("module", "given", "message"),
    [
        (HSIDCNN(), [(8, 8, 23)], "HSIDCNN: x must have at least 24 bands, got 23"),
        (HSIDCNN(features=1), [(8, 8, 24)], "features must be at least 2, got 1"),
        (QRNN3D(), [(8, 31)], r"QRNN3D: x must be a cube .* got \(8, 31\)"),
        (QRNN3D(), [(8, 0, 31)], r"QRNN3D: x must be a cube .* got \(8, 0, 31\)"),
        (SSCANet(features=(16, 2)), [(8, 8, 31)], "features must be at least 4, got 2"),
        (SSCANet(features=()), [(8, 8, 31)], "scales must be at least 1, got 0"),
        (MSTPlusPlus(), [(8, 8, 4)], r"MSTPlusPlus: x must be an image .* got \(8, 8, 4\)"),
        (MSTPlusPlus(stages=0), [(8, 8, 3)], "stages must be at least 1, got 0"),
        (MST(), [(8, 8, 28), (8, 8)], r"back_shift: x must be an image .* got \(8, 8, 28\)"),
        (MST(), [(8, 54, 1), (8, 8)], r"28 bands is wider than 54, got \(8, 54, 1\)"),
        (MST(), [(8, 62, 1), (8, 9)], r"mask \(8, 9\) in 28 bands is \(8, 63, 1\), got"),
        (MST(), [(8, 62, 1), (8, 8, 1)], r"mask must be real .* shape \(8, 8, 1\)"),
        (MST(blocks=(1, 1)), [(8, 62, 1), (8, 8)], r"three numbers, got \(1, 1\)"),
        (MST(blocks=(1, 0, 1)), [(8, 62, 1), (8, 8)], "blocks must be at least 1, got 0"),
    ],
    ids=repr,
)
def test_rejects_at_trace_time(module, given, message):
    given = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in given]
    with pytest.raises(ValueError, match=message):
        jax.eval_shape(module.init, jax.random.key(0), *given)


def test_rejects_integers():
    for module in [HSIDCNN(), QRNN3D(), SSCANet()]:
        with pytest.raises(ValueError, match="x must be real floating point"):
            jax.eval_shape(module.init, jax.random.key(0), np.zeros((8, 8, 24), np.uint8))
