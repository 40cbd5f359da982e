"""SwinIR and Restormer: counts, second writings, images of any size, and training."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import skimage.data

from imaging_jax.models.restoration import Restormer, as_denoiser
from imaging_jax.models.restoration._restormer_block import (
    GatedFeedForward,
    RestormerBlock,
    TransposedAttention,
)
from imaging_jax.models.super_resolution import SwinIR
from tests.models import transformers_numpy as second
from tests.models.super_resolution_helpers import jit
from tests.models.transformer_helpers import applied, count, descend, drawn, shapes, types_of

LIGHT = {"features": 60, "depths": (6, 6, 6, 6), "upsampler": "direct"}
SHAPE = {"features": 4, "depths": (2,), "heads": 2, "window": 4}
OF_DENOISING = {"mean_free_norm": False}
REDUCED = {"features": 24, "blocks": (2, 2, 2, 3), "refinement": 2, **OF_DENOISING}
SMALLEST = {"features": 16, "blocks": (1, 1, 1, 2), "refinement": 1, **OF_DENOISING}
THREE_SCALES = {"features": 4, "blocks": (0, 1, 1), "heads": (1, 2, 4), "refinement": 0}
TWO_SCALES = {"features": 4, "blocks": (1, 1), "heads": (1, 2), "refinement": 1}
SMALL = {
    "swinir": SwinIR(channels=1, value_range=255.0, **SHAPE),
    "swinir_direct_x3": SwinIR(scale=3, upsampler="direct", **SHAPE),
    "swinir_staged_x2": SwinIR(scale=2, **SHAPE),
    "restormer": Restormer(**THREE_SCALES),
    "restormer_of_denoising": Restormer(channels=1, **TWO_SCALES, **OF_DENOISING),
}
# The mean of DIV2K's training images, as EDSR's authors have it.
MEAN = np.array([0.4488, 0.4371, 0.4040])


def picture(module, height=8, width=12):
    """A smooth picture, (1, H, W, channels)."""
    rows, columns, band = np.ogrid[:height, :width, : module.channels]
    image = 0.5 + 0.2 * np.sin(0.5 * rows + band) + 0.2 * np.cos(0.4 * columns + 0.2 * rows)
    return np.asarray(image[None], np.float32)


@functools.cache
def parameters_of(name):
    return drawn(SMALL[name], picture(SMALL[name]))


def second_writing(name, image):
    """The answer of the second writing to one image."""
    module, params = SMALL[name], parameters_of(name)
    if isinstance(module, Restormer):
        return second.restormer(params, image, module.heads)
    mean = MEAN if module.channels == 3 else 0.0
    settings = (module.heads, module.window, module.scale, mean, module.value_range)
    return second.swinir(params, image, *settings)


@pytest.mark.parametrize(
    ("module", "parameters"),
    [
        (SwinIR(scale=2, **LIGHT), 910_152),
        (SwinIR(scale=3, **LIGHT), 918_267),
        (SwinIR(scale=4, **LIGHT), 929_628),
        (SwinIR(scale=2), 11_752_487),
        (SwinIR(scale=3), 11_937_127),
        (SwinIR(scale=4), 11_900_199),
        (SwinIR(scale=8), 12_047_911),
        (SwinIR(channels=1), 11_497_681),
        (SwinIR(), 11_504_163),
        (SwinIR(channels=1, window=7, value_range=255.0), 11_485_585),
        (Restormer(), 26_126_644),
        (Restormer(**OF_DENOISING), 26_111_668),
        (Restormer(channels=1, **OF_DENOISING), 26_109_076),
        (Restormer(channels=1, **SMALLEST), 1_004_819),
        (Restormer(**REDUCED), 3_055_782),
    ],
    ids=repr,
)
def test_has_the_papers_number_of_parameters(module, parameters):
    assert count(module, (1, 8, 8, module.channels)) == parameters


@pytest.mark.parametrize("name", SMALL)
def test_networks_are_those_of_the_second_writing(name):
    module, image = SMALL[name], picture(SMALL[name])
    found = applied(module, parameters_of(name), image)[0]
    assert found.dtype == jnp.float32
    np.testing.assert_allclose(found, second_writing(name, image[0].astype(float)), atol=2e-5)


@pytest.mark.parametrize("heads", [1, 2])
def test_transposed_attention_is_that_of_the_second_writing(heads):
    layer = TransposedAttention(heads)
    x = np.random.default_rng(0).standard_normal((2, 3, 5, 4)).astype(np.float32)
    params = drawn(layer, x)
    for image, found in zip(x, applied(layer, params, x), strict=True):
        wanted = second.transposed_attention(params, image, heads)
        np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_gated_layers_are_those_of_the_second_writing():
    layer = GatedFeedForward()
    x = np.random.default_rng(0).standard_normal((1, 3, 5, 4)).astype(np.float32)
    params = drawn(layer, x)
    assert params["reduce"]["kernel"].shape == (int(2.66 * 4), 4)
    wanted = second.gated_feed_forward(params, x[0])
    np.testing.assert_allclose(applied(layer, params, x)[0], wanted, atol=1e-5)


def test_the_norm_of_denoising_keeps_the_mean():
    block = RestormerBlock(1, mean_free_norm=False)
    x = 3 + np.random.default_rng(0).standard_normal((1, 2, 3, 4)).astype(np.float32)
    params = drawn(block, x)
    assert set(params["norm1"]) == {"scale"}
    wanted = second.restormer_block(params, x[0], 1)
    np.testing.assert_allclose(applied(block, params, x)[0], wanted, atol=2e-5)


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("swinir", (13, 10)),
        ("swinir", (5, 5)),
        ("swinir", (1, 1)),
        ("swinir_staged_x2", (2, 9)),
        ("restormer", (5, 5)),
    ],
)
def test_any_size_is_mirrored_to_whole_windows_and_cut(name, size):
    module = SMALL[name]
    image = picture(module, *size)
    found = applied(module, parameters_of(name), image)
    margins = [(0, 0), (0, -size[0] % 4), (0, -size[1] % 4), (0, 0)]
    whole = applied(module, parameters_of(name), np.pad(image, margins, mode="reflect"))
    scale = getattr(module, "scale", 1)
    wanted = whole[:, : scale * size[0], : scale * size[1]]
    assert found.shape == (1, scale * size[0], scale * size[1], module.channels)
    np.testing.assert_allclose(found, wanted, atol=1e-5)


@pytest.mark.parametrize("name", SMALL)
def test_takes_any_leading_axes(name):
    module, params = SMALL[name], parameters_of(name)
    stack = np.stack([picture(module), 1 - picture(module)])
    output = jax.eval_shape(module.apply, {"params": params}, stack)
    scale = getattr(module, "scale", 1)
    assert output.shape == (2, 1, 8 * scale, 12 * scale, module.channels)
    assert jax.eval_shape(module.apply, {"params": params}, stack[0, 0]).shape == output.shape[2:]


@pytest.mark.slow
@pytest.mark.parametrize(
    "module",
    [
        Restormer(features=4, blocks=(1,), heads=(2,), refinement=0),
        SwinIR(channels=1, features=4, depths=(1,), heads=2, window=4),
    ],
    ids=["restormer", "swinir"],
)
def test_remat_is_the_same_network(module):
    image = picture(module)
    params = drawn(module, image)

    def gradient(module):
        def loss(params):
            return jnp.mean(module.apply({"params": params}, image) ** 2)

        return jit(jax.grad(loss))(params)

    plain, again = gradient(module), gradient(module.clone(remat=True))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-5), plain, again)


def test_depth_of_swinir_is_stochastic_only_in_training():
    module, image = SMALL["swinir"].clone(drop_path=0.9), picture(SMALL["swinir"])
    params = parameters_of("swinir")
    plain = applied(module, params, image)
    np.testing.assert_array_equal(plain, applied(SMALL["swinir"], params, image))
    rngs = {"dropout": jax.random.key(1)}
    assert not np.allclose(applied(module, params, image, train=True, rngs=rngs), plain)


@pytest.mark.parametrize("name", ["swinir", "restormer_of_denoising"])
def test_bfloat16_keeps_softmax_and_norms_in_float32(name):
    plain, image = SMALL[name], picture(SMALL[name])
    module = plain.clone(dtype=jnp.bfloat16)
    apply = lambda params, image: module.apply({"params": params}, image)  # noqa: E731
    assert types_of("exp", apply, parameters_of(name), image) == {"f32"}
    assert types_of("rsqrt", apply, parameters_of(name), image) == {"f32"}
    found, wanted = (applied(m, parameters_of(name), image) - image for m in (module, plain))
    assert found.dtype == jnp.float32
    # Eight bits a number, through a dozen layers.
    assert np.sqrt(np.mean((found - wanted) ** 2)) < 0.05 * np.std(wanted)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
def test_attention_of_black_and_of_glaring_images_has_a_gradient(dtype):
    layer = TransposedAttention(2, dtype=dtype)
    images = np.stack([np.zeros((3, 4, 4)), np.full((3, 4, 4), 1e4)]).astype(np.float32)

    @jit
    @jax.value_and_grad
    def summed(params):
        return jnp.sum(layer.apply({"params": params}, images).astype(jnp.float32))

    found = summed(drawn(layer, images))
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(found))


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_descent_lowers_the_loss_and_every_parameter_has_a_gradient(name):
    module, target = SMALL[name], picture(SMALL[name])
    scale = getattr(module, "scale", 1)
    given = target[:, ::scale, ::scale]
    if scale == 1:
        given = target + 0.1 * np.random.default_rng(1).standard_normal(target.shape)
    given = jnp.asarray(given, jnp.float32)

    def loss(params):
        output = module.apply({"params": params}, given, train=True)
        return jnp.mean((output[:, : target.shape[1], : target.shape[2]] - target) ** 2)

    losses, largest = descend(loss, parameters_of(name), rate=0.003, steps=15)
    assert losses[-1] < 0.7 * losses[0]
    assert all(size > 0 for size in jax.tree.leaves(largest))


def test_serve_as_denoisers_of_one_level():
    for name in ("swinir", "restormer_of_denoising"):
        image, params = picture(SMALL[name]), {"params": parameters_of(name)}
        denoise = as_denoiser(SMALL[name], params)
        assert jax.eval_shape(denoise, image, 0.1).shape == image.shape


@pytest.mark.parametrize(
    ("module", "shape", "message"),
    [
        (SwinIR(), (8, 8, 1), r"SwinIR: x must be an image .* 3\), got \(8, 8, 1\)"),
        (SwinIR(heads=7), (8, 8, 3), "SwinIR: heads must divide the width, got 7 heads at .* 180"),
        (SwinIR(window=1), (8, 8, 3), "SwinIR: window must be at least 2, got 1"),
        (SwinIR(scale=0), (8, 8, 3), "SwinIR: scale must be at least 1, got 0"),
        (SwinIR(scale=5, **SHAPE), (8, 8, 3), "scale must be 2, 3, 4 or 8, got 5"),
        (SwinIR(upsampler="bicubic"), (8, 8, 3), "SwinIR: upsampler must be one of .* 'bicubic'"),
        (Restormer(channels=1), (8, 8, 3), r"Restormer: x must be an image .* got \(8, 8, 3\)"),
        (Restormer(heads=(1, 2, 4, 7)), (8, 8, 3), "Restormer: heads .* 7 heads at width 384"),
        (Restormer(heads=(1, 2)), (8, 8, 3), r"Restormer: blocks and heads .* \(1, 2\)"),
        (Restormer(blocks=(1, 1, 1, -1)), (8, 8, 3), "blocks must be at least 0, got -1"),
        (Restormer(features=3), (8, 8, 3), "Restormer: features must be even, got 3"),
    ],
    ids=repr,
)
def test_bad_input_is_named(module, shape, message):
    with pytest.raises(ValueError, match=message):
        shapes(module, jax.ShapeDtypeStruct(shape, jnp.float32))


@pytest.mark.slow
@pytest.mark.parametrize(
    "network",
    [
        SwinIR(channels=1, features=60, depths=(2, 2)),
        Restormer(1, **SMALLEST),
    ],
    ids=["swinir", "restormer"],
)
def test_one_noisy_patch_is_learnt_by_heart(network):
    clean = np.float32(skimage.data.camera()[None, 200:264, 200:264, None] / 255)
    noise = np.random.default_rng(0).standard_normal(clean.shape, np.float32)
    noisy = clean + 25 / 255 * noise
    schedule = optax.warmup_cosine_decay_schedule(0.0, 1e-3, 50, 2_000)
    optimizer = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(schedule, b2=0.99))

    def loss(params):
        return jnp.mean((network.apply(params, noisy) - clean) ** 2)

    @jax.jit
    def steps(params, state):
        for _ in range(5):
            value, gradient = jax.value_and_grad(loss)(params)
            change, state = optimizer.update(gradient, state)
            params = optax.apply_updates(params, change)
        return params, state, value

    params = jax.jit(network.init)(jax.random.key(1), noisy)
    state = optimizer.init(params)
    for _ in range(400):
        params, state, value = steps(params, state)
        if -10 * np.log10(float(value)) > 40:
            return
    pytest.fail(f"{-10 * np.log10(float(value)):.1f} dB after 2,000 steps, wanted 40")
