import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import traverse_util

from imaging_jax.models.super_resolution import EDSR, SRCNN, VDSR, EDSRLight

# Small enough to train a few steps in a second, on an odd, non-square image.
SMALL = {
    "srcnn": SRCNN(features=(8, 4), kernel_sizes=(5, 1, 3)),
    "srcnn_edge": SRCNN(features=(8, 4), kernel_sizes=(5, 1, 3), padding="edge"),
    "vdsr": VDSR(depth=4, features=8),
    "edsr_x2": EDSR(scale=2, features=8, blocks=2),
    "edsr_x3": EDSR(scale=3, features=8, blocks=2, residual_scale=0.1),
    "edsr_x4": EDSR(scale=4, features=8, blocks=1),
    "edsr_light_x3": EDSRLight(scale=3, features=8, blocks=2),
}
HEIGHT, WIDTH = 13, 10


def count(module):
    image = jax.ShapeDtypeStruct((1, 16, 16, module.channels), jnp.float32)
    shapes = jax.eval_shape(module.init, jax.random.key(0), image)
    assert set(shapes) == {"params"}
    return sum(leaf.size for leaf in jax.tree.leaves(shapes))


def pair(module):
    """A smooth picture (sums of waves) and its subsampling, or its blur for upsampled inputs."""
    scale = 2 if module.upsampled_input else module.scale
    rows, columns, phase = np.ogrid[: HEIGHT * scale, : WIDTH * scale, : module.channels]
    picture = 0.5 + 0.2 * np.sin(0.3 * rows + phase) + 0.2 * np.cos(0.2 * columns + 0.1 * rows)
    target = jnp.asarray(picture[None], jnp.float32)
    if module.upsampled_input:
        target = target[:, :HEIGHT, :WIDTH]
        return (target + jnp.roll(target, 1, axis=1)) / 2, target
    return target[:, ::scale, ::scale], target


@functools.cache
def initial(module):
    image = jnp.zeros((1, 16, 16, module.channels))
    key = jax.random.key(0, impl="rbg")  # compiles four times as fast as threefry
    return jax.jit(module.init)(key, image)


def apply(module, variables, image):
    return jax.jit(module.apply)(variables, image)


def loss_of(module, params, image, target):
    return jnp.mean((module.apply({"params": params}, image, train=True) - target) ** 2)


@pytest.mark.parametrize(
    ("module", "parameters"),
    [
        (SRCNN(), 8_129),
        (SRCNN(kernel_sizes=(9, 3, 5)), 24_513),
        (SRCNN(kernel_sizes=(9, 5, 5)), 57_281),
        (SRCNN(channels=3), 20_099),
        (VDSR(), 665_921),
        (VDSR(use_bias=False), 664_704),
        (EDSR(scale=2), 1_369_859),
        (EDSR(scale=3), 1_554_499),
        (EDSR(scale=4), 1_517_571),
        (EDSR(scale=2, features=256, blocks=32, residual_scale=0.1), 40_729_603),
        (EDSR(scale=3, features=256, blocks=32, residual_scale=0.1), 43_680_003),
        (EDSR(scale=4, features=256, blocks=32, residual_scale=0.1), 43_089_923),
        (EDSRLight(scale=3), 91_931),
    ],
    ids=repr,
)
def test_has_the_papers_number_of_parameters(module, parameters):
    assert count(module) == parameters


@pytest.mark.parametrize("name", SMALL)
def test_maps_an_odd_image_to_its_size_and_type(name):
    module = SMALL[name]
    image, target = pair(module)
    variables = initial(module)
    output = apply(module, variables, image)
    assert output.shape == target.shape
    assert output.dtype == jnp.float32

    stack = jnp.stack([image, image[::-1]])  # any leading axes
    np.testing.assert_allclose(apply(module, variables, stack)[0], output, atol=1e-5)


@pytest.mark.parametrize("name", SMALL)
def test_adam_lowers_the_loss_and_moves_every_parameter(name):
    module = SMALL[name]
    image, target = pair(module)
    start = initial(module)["params"]
    optimizer = optax.adam(1e-3)

    @jax.jit
    def step(params, state):
        loss, gradient = jax.value_and_grad(lambda p: loss_of(module, p, image, target))(params)
        updates, state = optimizer.update(gradient, state)
        return optax.apply_updates(params, updates), state, loss, gradient

    params, state = start, optimizer.init(start)
    losses, largest = [], jax.tree.map(lambda leaf: 0.0, start)
    for number in range(12):
        params, state, loss, gradient = step(params, state)
        losses.append(float(loss))
        if number < 3:
            largest = jax.tree.map(
                lambda old, leaf: max(old, float(jnp.abs(leaf).max())), largest, gradient
            )
    assert losses[-1] < 0.9 * losses[0]
    still = [name for name, value in traverse_util.flatten_dict(largest).items() if value == 0]
    assert not still


@pytest.mark.parametrize("name", SMALL)
def test_bfloat16_computes_near_float32_and_keeps_parameters(name):
    module = SMALL[name]
    image, _ = pair(module)
    half = module.clone(dtype=jnp.bfloat16)
    variables = initial(module)
    shapes = jax.eval_shape(half.init, jax.random.key(0), image)
    assert {leaf.dtype for leaf in jax.tree.leaves(shapes)} == {jnp.dtype(jnp.float32)}
    low, full = apply(half, variables, image), apply(module, variables, image)
    assert low.dtype == jnp.float32
    difference = np.abs(low - full).max()
    assert 0 < difference < 0.03 * float(jnp.ptp(full))


@pytest.mark.parametrize("name", ["edsr_x2", "edsr_light_x3"])
def test_remat_gives_the_same_parameters_and_gradients(name):
    module = SMALL[name]
    image, target = pair(module)
    params = initial(module)["params"]
    again = module.clone(remat=True)
    shapes = jax.eval_shape(again.init, jax.random.key(0), image)["params"]
    assert jax.tree.structure(shapes) == jax.tree.structure(params)

    def gradient(model):
        return jax.jit(jax.grad(lambda p: loss_of(model, p, image, target)))

    for plain, remat in zip(
        jax.tree.leaves(gradient(module)(params)),
        jax.tree.leaves(gradient(again)(params)),
        strict=True,
    ):
        np.testing.assert_allclose(remat, plain, rtol=1e-4, atol=1e-5 * np.abs(plain).max())

    def convolutions(model):
        return str(jax.make_jaxpr(gradient(model))(params)).count("conv_general_dilated[")

    assert convolutions(again) == convolutions(module) + module.blocks  # conv1 of each


def test_srcnn_paddings_agree_inside():
    radius = 3
    image = jax.random.uniform(jax.random.key(1), (1, 20, 17, 1))
    same = SMALL["srcnn"]
    variables = initial(same)
    whole = apply(same, variables, image)
    unpadded = same.clone(padding="valid")
    valid = unpadded.apply(variables, image, train=True)
    edge = apply(same.clone(padding="edge"), variables, image)
    assert valid.shape == (1, 20 - 2 * radius, 17 - 2 * radius, 1)
    inside = (slice(None), slice(radius, -radius), slice(radius, -radius))
    np.testing.assert_allclose(whole[inside], valid, atol=1e-5)
    np.testing.assert_allclose(edge[inside], valid, atol=1e-5)

    padded = jnp.asarray(
        np.pad(image, [(0, 0), (radius, radius), (radius, radius), (0, 0)], "edge")
    )
    by_hand = unpadded.apply(variables, padded, train=True)
    np.testing.assert_allclose(edge, by_hand, atol=1e-5)
    assert np.abs(edge - whole).max() > 1e-3
    np.testing.assert_array_equal(apply(unpadded, variables, image), edge)


def test_vdsr_adds_its_output_to_the_image():
    module = SMALL["vdsr"]
    image, _ = pair(module)
    params = initial(module)["params"]
    variables = {"params": {**params, "conv4": jax.tree.map(jnp.zeros_like, params["conv4"])}}
    np.testing.assert_array_equal(apply(module, variables, image), image)


def test_edsr_removes_and_restores_the_mean():
    module = SMALL["edsr_x2"]
    image, _ = pair(module)
    variables = jax.tree.map(jnp.zeros_like, initial(module))
    mean = np.broadcast_to([0.4488, 0.4371, 0.4040], (1, 2 * HEIGHT, 2 * WIDTH, 3))
    np.testing.assert_allclose(apply(module, variables, image), mean, rtol=1e-6)


def test_edsr_value_range_scales_what_the_network_sees():
    # Without biases the network is positively homogeneous: the range must cancel out.
    module = SMALL["edsr_x2"]
    image, _ = pair(module)
    variables = initial(module)
    variables = jax.tree.map(lambda leaf: leaf * (leaf.ndim > 1), variables)
    of_255 = apply(module, variables, image)
    of_2 = apply(module.clone(value_range=2.0), variables, image)
    np.testing.assert_allclose(of_2, of_255, atol=1e-5)


def test_edsr_starts_as_torch_does():
    module = EDSR(scale=2, features=64, blocks=1)
    params = initial(module)["params"]
    for layer, fan_in in (("head", 27), ("body", 576), ("tail", 576)):
        for leaf in params[layer].values():
            largest = np.abs(leaf).max() * np.sqrt(fan_in)
            assert largest <= 1
            if leaf.size >= 64:
                assert largest > 0.95
    kernel = np.asarray(params["body"]["kernel"])
    assert kernel.std() == pytest.approx(1 / np.sqrt(3 * 576), rel=0.02)


def test_edsr_light_starts_near_nearest_neighbour():
    module = EDSRLight(scale=3)
    image = jax.random.uniform(jax.random.key(1), (2, 9, 11, 3))
    output = apply(module, initial(module), image)
    nearest = np.repeat(np.repeat(image, 3, axis=1), 3, axis=2)
    assert 0 < np.abs(output - nearest).mean() < 0.02


@pytest.mark.parametrize(
    ("module", "shape", "message"),
    [
        (SRCNN(), (1, 8, 8, 3), r"SRCNN: x .* \(\.\.\., H, W, 1\), got \(1, 8, 8, 3\)"),
        (SRCNN(padding="reflect"), (1, 8, 8, 1), "padding must be .* got 'reflect'"),
        (SRCNN(kernel_sizes=(9, 2, 5)), (1, 8, 8, 1), r"kernel_sizes must be odd, got \(9, 2, 5\)"),
        (VDSR(depth=1), (1, 8, 8, 1), "depth must be at least 2, got 1"),
        (VDSR(), (8, 1), "VDSR: x"),
        (EDSR(scale=5), (1, 8, 8, 3), "scale must be 2, 3 or 4, got 5"),
        (EDSR(scale=2, channels=1), (1, 8, 8, 1), "mean must have 1 values"),
        (EDSRLight(scale=0), (1, 8, 8, 3), "scale must be at least 1, got 0"),
        (EDSRLight(scale=2), (1, 8, 8, 1), "EDSRLight: x"),
    ],
)
def test_rejects_at_trace_time(module, shape, message):
    with pytest.raises(ValueError, match=message):
        jax.eval_shape(module.init, jax.random.key(0), jax.ShapeDtypeStruct(shape, jnp.float32))


def test_says_which_input_it_takes():
    assert SRCNN.upsampled_input
    assert VDSR.upsampled_input
    assert not EDSR.upsampled_input
    assert not EDSRLight.upsampled_input
