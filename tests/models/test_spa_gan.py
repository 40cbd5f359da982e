"""SpA-GAN: the published counts, what training moves, and the authors' weights on their panels."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from PIL import Image

from imaging_jax import pretrained
from imaging_jax.losses import cross_entropy_discriminator_loss, l1, mse
from imaging_jax.metrics import psnr
from imaging_jax.models.restoration import SpAGANDiscriminator, SPANet
from imaging_jax.models.restoration.spa_gan import _FourDirections, _SpatialAttention
from tests.models.super_resolution_helpers import jit

IMAGE = np.random.default_rng(0).random((2, 17, 20, 3), np.float32)
KEY = jax.random.key(0)
NETWORK, DISCRIMINATOR = SPANet(features=8), SpAGANDiscriminator(features=4)


@functools.cache
def initial():
    return jit(NETWORK.init)(KEY, IMAGE)


def count(module, images):
    image = jax.ShapeDtypeStruct((1, 16, 16, 3), jnp.float32)
    params = jax.eval_shape(module.init, KEY, *[image] * images)["params"]
    return sum(leaf.size for leaf in jax.tree.leaves(params))


def test_the_published_count_is_ours_and_what_never_reaches_the_output():
    dropped_convolution = 3 * 3 * 32 * 32
    weights_of_directions = (3 * 3 * 32 + 1) * 16 + (3 * 3 * 16 + 1) * 16 + (16 + 1) * 4
    assert count(SPANet(), 1) + dropped_convolution + weights_of_directions == 219_300
    assert count(SpAGANDiscriminator(), 2) == 2_762_945


@pytest.mark.parametrize("part", [1, 2])
def test_all_published_arrays_are_converted_but_those(part, imaging_data, monkeypatch):
    monkeypatch.setenv("IMAGING_DATA", str(imaging_data))
    arrays = pretrained.read(imaging_data / f"weights/spagan_generator_rice{part}.npz")
    dead = [name for name in arrays if "SAM1.conv_in" in name or "attention_layer" in name]
    _, variables = pretrained.load(f"spagan_rice{part}")
    converted = sum(leaf.size for leaf in jax.tree.leaves(variables))
    assert sum(array.size for array in arrays.values()) == 219_300
    assert converted + sum(arrays[name].size for name in dead) == 219_300


def test_keeps_odd_sizes_and_leading_axes():
    restore = jit(NETWORK.apply)
    whole = restore(initial(), IMAGE)
    assert (whole.shape, whole.dtype) == (IMAGE.shape, jnp.float32)
    np.testing.assert_allclose(restore(initial(), IMAGE[1]), whole[1], atol=1e-5)
    np.testing.assert_allclose(restore(initial(), IMAGE[None])[0], whole, atol=1e-5)


def test_the_last_attention_map_is_sown():
    apply = jit(functools.partial(NETWORK.apply, mutable="intermediates"))
    _, sown = apply(initial(), IMAGE)
    (attention,) = sown["intermediates"]["attention_map"]
    assert attention.shape == (*IMAGE.shape[:-1], 1)
    assert 0 < attention.min() < attention.max() < 1
    assert initial().keys() == {"params"}


def test_attention_sees_one_neighbour_of_each_direction_a_round():
    """Two rounds of the four neighbours, of a map made of the features of one pixel."""
    module = _SpatialAttention(4, jnp.float32, None)
    x = np.random.default_rng(1).random((7, 7, 4), np.float32)
    variables = jax.tree.map(lambda leaf: leaf + 0.1, module.init(KEY, x))
    seen = jax.grad(lambda x: module.apply(variables, x)[3, 3, 0])(x)
    rows, columns = np.mgrid[:7, :7]
    near = abs(rows - 3) + abs(columns - 3) <= 2
    np.testing.assert_array_equal(np.abs(seen).max(axis=-1) > 0, near)


def test_a_pixel_without_a_neighbour_stays_as_it_is():
    x = jnp.array([[[-1.0], [2.0]], [[3.0], [-9.0]]])
    params = {"weights": jnp.array([[1.0], [2.0], [3.0], [4.0]]), "biases": jnp.zeros((4, 1))}
    above, right, below, left = jnp.moveaxis(_FourDirections().apply({"params": params}, x), -1, 0)
    np.testing.assert_array_equal(above, [[-1, 2], [2, 0]])
    np.testing.assert_array_equal(right, [[3, 2], [0, -9]])
    np.testing.assert_array_equal(below, [[8, 0], [3, -9]])
    np.testing.assert_array_equal(left, [[-1, 0], [3, 3]])


def moved(loss, params, variables, steps):
    """Losses of Adam, the largest gradient of each leaf, and how far each went."""
    optimizer = optax.adam(1e-2)
    gradient, update = jit(jax.value_and_grad(loss, has_aux=True)), jit(optimizer.update)
    start, state, losses, largest = params, optimizer.init(params), [], None
    for _ in range(steps):
        (value, variables), grads = gradient(params, variables)
        sizes = jax.tree.map(lambda g: float(jnp.abs(g).max()), grads)
        largest = jax.tree.map(max, largest, sizes) if largest else sizes
        updates, state = update(grads, state)
        params = optax.apply_updates(params, updates)
        losses.append(float(value))
    distances = jax.tree.map(lambda a, b: float(jnp.abs(a - b).max()), start, params)
    return losses, jax.tree.leaves(largest), jax.tree.leaves(distances)


def test_adam_lowers_the_generators_loss_and_moves_every_parameter():
    cloud = np.zeros_like(IMAGE)
    cloud[:, 4:12, 5:15] = 0.5
    cloudy, mask = np.clip(IMAGE + cloud, 0, 1), (cloud[..., :1] > 0).astype(np.float32)

    def loss(params, variables):
        output, sown = NETWORK.apply({"params": params}, cloudy, mutable="intermediates")
        (attention,) = sown["intermediates"]["attention_map"]
        return l1(output, IMAGE) + mse(attention, mask), variables

    losses, largest, distances = moved(loss, initial()["params"], {}, steps=12)
    assert losses[-1] < 0.9 * losses[0]
    assert min(largest) > 0
    assert min(distances) > 0


def test_adam_lowers_the_discriminators_loss_and_moves_every_parameter():
    cloudy = np.random.default_rng(1).random((2, 48, 32, 3), np.float32)
    clear, made = cloudy**2, cloudy**0.5
    variables = dict(jit(DISCRIMINATOR.init)(KEY, cloudy, clear))

    def loss(params, variables):
        judge = functools.partial(DISCRIMINATOR.apply, train=True, mutable=["batch_stats"])
        real, after = judge({"params": params, **variables}, cloudy, clear)
        fake, after = judge({"params": params, **after}, cloudy, made)
        return cross_entropy_discriminator_loss(real, fake), after

    params = variables.pop("params")
    losses, largest, distances = moved(loss, params, variables, steps=12)
    assert losses[-1] < 0.9 * losses[0]
    assert min(largest) > 0
    assert min(distances) > 0


def test_a_logit_stands_for_a_patch_of_sixteen_pixels():
    image = np.zeros((2, 35, 48, 3), np.float32)
    variables = jit(DISCRIMINATOR.init)(KEY, image, image)
    assert jit(DISCRIMINATOR.apply)(variables, image, image).shape == (2, 2, 3)


# The authors' panels, cut from their figures: PSNR of the restored image to the clear one, and to
# what their code made of it, whose rounding to 8 bits is 58.9 dB.
@pytest.mark.parametrize(
    ("name", "panel", "decibel"),
    [("spagan_rice2", "test_0000", 26.702), ("spagan_rice1", "test_0026", 21.478)],
)
def test_published_weights_make_the_authors_panels(name, panel, decibel, imaging_data, monkeypatch):
    monkeypatch.setenv("IMAGING_DATA", str(imaging_data))
    cloudy, clear, theirs = (
        np.asarray(Image.open(imaging_data / f"remote_sensing/rice_sample/{panel}_{kind}.png"))
        / np.float32(255)
        for kind in ("cloudy", "clear", "spagan_output")
    )
    network, variables = pretrained.load(name)
    with jax.default_matmul_precision("highest"):
        ours = np.clip(jax.jit(network.apply)(variables, cloudy), 0, 1)
    assert float(psnr(clear, ours)) == pytest.approx(decibel, abs=0.005)
    assert float(psnr(theirs, ours)) > 58


@pytest.mark.parametrize(
    ("module", "shapes", "message"),
    [
        (SPANet(), [(16, 16, 1)], r"SPANet: x must be an image .* \(16, 16, 1\)"),
        (SpAGANDiscriminator(), [(1, 16, 16, 1)] * 2, "SpAGANDiscriminator: x must be an image"),
        (
            SpAGANDiscriminator(),
            [(1, 16, 16, 3), (1, 16, 17, 3)],
            r"candidate must have the shape of x, \(1, 16, 16, 3\), got \(1, 16, 17, 3\)",
        ),
        (SpAGANDiscriminator(), [(1, 15, 16, 3)] * 2, r"16 pixels a side at least, got \(1, 15"),
    ],
)
def test_rejects_at_trace_time(module, shapes, message):
    with pytest.raises(ValueError, match=message):
        jax.eval_shape(module.init, KEY, *[np.zeros(shape, np.float32) for shape in shapes])
