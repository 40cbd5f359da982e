"""Denoisers: the papers' parameter counts, and what makes each the network of its paper."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import scipy.sparse.linalg

from imaging_jax import pretrained
from imaging_jax.models.layers import SpectralConv
from imaging_jax.models.restoration import (
    IRCNN,
    DnCNN,
    DRUNet,
    FFDNet,
    SimpleCNN,
    as_denoiser,
    merge_batch_norm,
)
from tests.models.super_resolution_helpers import jit

IMAGE = np.random.default_rng(0).random((1, 13, 10, 1), np.float32)
SMALL = {
    "dncnn": DnCNN(depth=4, features=8),
    "dncnn_merged": DnCNN(depth=4, features=8, batch_norm=False),
    "drunet": DRUNet(features=(8, 12, 16), blocks=1),
    "drunet_one_level": DRUNet(features=(8, 12), blocks=1, residual=True, noise_map=False),
    "ffdnet": FFDNet(depth=4, features=8),
    "ircnn": IRCNN(features=8),
    "simple_cnn": SimpleCNN(depth=3, features=8),
    "realsn_simple_cnn": SimpleCNN(depth=3, features=8, spectral_normalization=True),
}


def arguments(module, image=IMAGE):
    return (image, jnp.float32(0.1)) if "sigma" in module.takes else (image,)


@functools.cache
def initial(module):
    key = jax.random.key(0, impl="unsafe_rbg")
    return jit(module.init)(key, *arguments(module))


@pytest.mark.parametrize(
    ("module", "parameters"),
    [
        (DnCNN(), 556_097),
        (DnCNN(batch_norm=False), 555_137),
        (DnCNN(depth=20), 667_073),
        (DnCNN(depth=20, batch_norm=False), 665_921),
        (DnCNN(depth=20, channels=3), 669_379),
        (DnCNN(depth=20, channels=3, batch_norm=False), 668_227),
        (FFDNet(), 485_316),
        (FFDNet(channels=3, depth=12, features=96), 852_108),
        (IRCNN(), 185_857),
        (IRCNN(channels=3), 188_163),
        (DRUNet(), 32_638_656),
        (DRUNet(channels=3), 32_640_960),
        (DRUNet(features=(16, 32, 64, 128), blocks=1), 574_896),
        (DRUNet(channels=3, features=(16, 32, 64, 128), blocks=2), 1_063_920),
        (DRUNet(features=(32, 64, 128, 256), blocks=2), 4_252_512),
        (SimpleCNN(), 74_880),
        (SimpleCNN(spectral_normalization=True), 74_880),
    ],
    ids=repr,
)
def test_has_the_papers_number_of_parameters(module, parameters):
    image = jax.ShapeDtypeStruct((1, 8, 8, module.channels), jnp.float32)
    shapes = jax.eval_shape(module.init, jax.random.key(0), *arguments(module, image))
    assert sum(leaf.size for leaf in jax.tree.leaves(shapes["params"])) == parameters


@pytest.mark.parametrize("name", SMALL)
def test_keeps_odd_sizes_and_leading_axes(name):
    module = SMALL[name]
    denoise = jit(as_denoiser(module, initial(module)))
    single = denoise(IMAGE[0], 0.1)
    assert (single.shape, single.dtype) == (IMAGE.shape[1:], jnp.float32)
    stack = denoise(np.stack([IMAGE, IMAGE[:, ::-1]]), 0.1)
    np.testing.assert_allclose(stack[0, 0], single, atol=1e-5)


@pytest.mark.parametrize("name", SMALL)
def test_adam_lowers_the_loss_and_moves_every_parameter(name):
    module = SMALL[name]
    rows, columns = np.mgrid[:13, :10]
    clean = (0.5 + 0.3 * np.sin(0.4 * rows + 0.3 * columns))[None, ..., None].astype(np.float32)
    noisy = clean + 0.1 * np.random.default_rng(1).standard_normal(clean.shape).astype(np.float32)
    variables = dict(initial(module))
    params = variables.pop("params")

    def loss(params, variables):
        output, updated = module.apply(
            {"params": params, **variables},
            *arguments(module, noisy),
            train=True,
            mutable=list(variables),
        )
        return jnp.mean((output - clean) ** 2), updated

    optimizer = optax.adam(1e-2)
    gradient, update = jit(jax.value_and_grad(loss, has_aux=True)), jit(optimizer.update)
    start, state, losses, largest = params, optimizer.init(params), [], None
    for _ in range(12):
        (value, variables), grads = gradient(params, variables)
        sizes = jax.tree.map(lambda g: float(jnp.abs(g).max()), grads)
        largest = jax.tree.map(max, largest, sizes) if largest else sizes
        updates, state = update(grads, state)
        params = optax.apply_updates(params, updates)
        losses.append(float(value))
    assert losses[-1] < 0.9 * losses[0]
    assert all(size > 0 for size in jax.tree.leaves(largest))
    moved = jax.tree.map(lambda a, b: float(jnp.abs(a - b).max()), start, params)
    assert all(distance > 0 for distance in jax.tree.leaves(moved))


def test_merging_batch_norms_changes_no_answer():
    module = SMALL["dncnn"]
    generator = np.random.default_rng(2)
    variables = jax.tree.map(
        lambda leaf: jnp.asarray(generator.uniform(0.5, 1.5, leaf.shape), jnp.float32) * 0.3,
        initial(module),
    )
    merged, merged_variables = merge_batch_norm(module, variables)
    shapes = jax.eval_shape(merged.init, jax.random.key(0), IMAGE)
    assert jax.tree.map(jnp.shape, merged_variables) == jax.tree.map(jnp.shape, shapes)
    wanted = module.apply(variables, IMAGE)
    np.testing.assert_allclose(merged.apply(merged_variables, IMAGE), wanted, rtol=2e-5)
    with pytest.raises(ValueError, match="no batch norms to merge"):
        merge_batch_norm(merged, merged_variables)


def test_ffdnet_takes_a_map_of_levels():
    module = SMALL["ffdnet"]
    variables = initial(module)
    levels = np.full((1, 7, 5, 1), 0.1, np.float32)
    levels[:, :, 3:] = 0.3
    found, low, high = (
        np.asarray(module.apply(variables, IMAGE, sigma)) for sigma in (levels, 0.1, 0.3)
    )
    # Four 3x3 layers at half size reach 8 pixels far and see zeros beyond the border.
    assert np.abs(low - high).max() > 1e-3
    assert np.abs(found - low)[:, :, 0].max() > 0
    wide = np.concatenate([np.full((1, 7, 12, 1), 0.1), np.full((1, 7, 12, 1), 0.3)], axis=2)
    image = np.tile(IMAGE[:, :, :8], (1, 1, 6, 1))
    found, low = (np.asarray(module.apply(variables, image, sigma)) for sigma in (wide, 0.1))
    np.testing.assert_allclose(found[:, :, :14], low[:, :, :14], atol=1e-6)


def test_drunet_is_homogeneous():
    module = SMALL["drunet"]
    variables = initial(module)
    once = module.apply(variables, IMAGE, 0.1)
    larger = module.apply(variables, 3 * IMAGE, 0.3)
    assert np.abs(larger - 3 * once).max() <= 1e-5 * np.abs(larger).max()


def norm_by_lanczos(kernel, side):
    """The largest singular value of a convolution with zeros around a (side, side) image."""
    kernel = np.asarray(kernel, np.float64)
    shape = (side, side, kernel.shape[2])

    def forward(x):
        padded = np.pad(x.reshape(shape), [(1, 1), (1, 1), (0, 0)])
        return sum(
            padded[a : a + side, b : b + side] @ kernel[a, b] for a in range(3) for b in range(3)
        ).ravel()

    def transpose(y):
        padded = np.pad(y.reshape(side, side, -1), [(1, 1), (1, 1), (0, 0)])
        return sum(
            padded[2 - a : 2 - a + side, 2 - b : 2 - b + side] @ kernel[a, b].T
            for a in range(3)
            for b in range(3)
        ).ravel()

    operator = scipy.sparse.linalg.LinearOperator(
        (side * side * kernel.shape[3], side * side * kernel.shape[2]), forward, transpose
    )
    return scipy.sparse.linalg.svds(operator, 1, return_singular_vectors=False)[0]


def test_power_iteration_finds_the_norm_of_the_convolution():
    layer = SpectralConv(4, side=9)
    x = np.random.default_rng(0).random((1, 9, 9, 3), np.float32)
    variables = layer.init(jax.random.key(0), x, False)
    step = jit(lambda v: layer.apply(v, x, True, mutable=["spectral"])[1])
    for _ in range(150):
        variables = {"params": variables["params"], **step(variables)}
    norm = norm_by_lanczos(variables["params"]["kernel"], 9)
    assert float(variables["spectral"]["sigma"]) == pytest.approx(norm, rel=1e-3)
    doubled = {**variables, "params": {"kernel": 2 * variables["params"]["kernel"]}}
    np.testing.assert_allclose(
        layer.apply(doubled, x, False), 2 * layer.apply(variables, x, False), rtol=1e-5
    )


# The sheet's norms on 40x40 images.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "norms"),
    [
        ("simple_cnn_sigma15", (11.876, 27.944, 27.104, 0.752)),
        ("realsn_simple_cnn_sigma15", (1.0043, 1.0140, 1.0149, 1.0138)),
    ],
)
def test_norms_of_published_layers(name, norms, imaging_data, monkeypatch):
    monkeypatch.setenv("IMAGING_DATA", str(imaging_data))
    _, variables = pretrained.load(name)
    for index, expected in enumerate(norms):
        layer = f"conv{index + 1}"
        kernel = variables["params"][layer]["kernel"]
        sigma = variables["spectral"][layer]["sigma"] if "spectral" in variables else 1.0
        assert norm_by_lanczos(kernel / sigma, 40) == pytest.approx(expected, rel=0.01)


# The sheet's PSNR of Set12's first image, noise of numpy's legacy generator seeded by 0.
@pytest.mark.parametrize(
    ("name", "sigma", "decibel"),
    [
        ("dncnn_s25_kair", 25, 30.21),
        ("ffdnet_gray", 25, 30.05),
        ("ircnn_gray_sigma15", 15, 32.53),
        ("simple_cnn_sigma15", 15, 31.60),
        ("realsn_simple_cnn_sigma15", 15, 30.05),
    ],
)
def test_published_weights_denoise_the_cameraman(name, sigma, decibel, imaging_data, monkeypatch):

    from train.data.data_sets import data_set
    from train.scoring.evaluation import evaluate
    from train.scoring.protocols import PROTOCOLS
    from train.systems.catalogue import system

    monkeypatch.setenv("IMAGING_DATA", str(imaging_data))
    found = evaluate(system(name), data_set("set12/01"), PROTOCOLS["awgn"], sigma).values
    assert found["psnr"] == pytest.approx(decibel, abs=0.006)


@pytest.mark.parametrize(
    ("module", "image", "message"),
    [
        (DnCNN(), np.zeros((8, 8, 3), np.float32), r"DnCNN: x must be an image .* \(8, 8, 3\)"),
        (FFDNet(), np.zeros((8, 8, 1), np.uint8), "FFDNet: x must be real .* got uint8"),
        (IRCNN(), np.zeros((8, 8, 1), np.complex64), "IRCNN: x must be real .* got complex64"),
        (SimpleCNN(depth=1), np.zeros((8, 8, 1), np.float32), "depth must be at least 2, got 1"),
    ],
    ids=repr,
)
def test_rejects_at_trace_time(module, image, message):
    with pytest.raises(ValueError, match=message):
        jax.eval_shape(module.init, jax.random.key(0), *arguments(module, image))
