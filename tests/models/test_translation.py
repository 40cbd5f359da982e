"""Generators and discriminators of image translation: the authors' sizes, and who sees what."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from imaging_jax.models.translation import (
    PatchDiscriminator,
    ResNetGenerator,
    STGANGenerator,
    UNetGenerator,
    dates_as_channels,
)
from tests.models import translation_numpy

KEYS = {"params": jax.random.key(0), "dropout": jax.random.key(1)}


def parameters(network, *shape):
    variables = jax.eval_shape(network.init, KEYS, jax.ShapeDtypeStruct(shape, jnp.float32))
    assert set(variables) == {"params"}
    return sum(leaf.size for leaf in jax.tree.leaves(variables))


# The fact sheet's counts, taken of the authors' code.
@pytest.mark.parametrize(
    ("network", "side", "channels", "count"),
    [
        (UNetGenerator(), 256, 3, 54_413_955),
        (UNetGenerator(levels=7), 128, 3, 41_828_995),
        (UNetGenerator(features=32), 256, 3, 13_608_259),
        (UNetGenerator(features=16, levels=7), 128, 3, 2_617_507),
        (UNetGenerator(features=16, levels=6), 64, 3, 1_830_563),
        (ResNetGenerator(), 256, 3, 11_378_179),
        (ResNetGenerator(blocks=6), 128, 3, 7_837_699),
        (ResNetGenerator(), 256, 1, 11_371_907),
        (PatchDiscriminator(halvings=0), 64, 6, 9_024),
        (PatchDiscriminator(halvings=0, scaled_norm=False), 64, 6, 8_897),
        (PatchDiscriminator(halvings=1), 64, 6, 139_585),
        (PatchDiscriminator(halvings=2), 64, 6, 666_433),
        (PatchDiscriminator(), 64, 6, 2_768_705),
        (PatchDiscriminator(halvings=4), 64, 6, 6_964_033),
        (PatchDiscriminator(halvings=5), 128, 6, 11_159_361),
        (PatchDiscriminator(scaled_norm=False), 64, 3, 2_764_737),
        (PatchDiscriminator(features=32), 64, 6, 696_225),
        (PatchDiscriminator(features=16), 64, 6, 176_081),
        (PatchDiscriminator(), 64, 12, 2_774_849),
        (PatchDiscriminator(), 64, 15, 2_777_921),
        (STGANGenerator(), 256, 4, 93_480_579),
        (STGANGenerator(), 256, 3, 93_479_555),
        (STGANGenerator(dates=1), 256, 3, 54_413_955),
    ],
)
def test_networks_have_the_authors_parameters(network, side, channels, count):
    dates = getattr(network, "dates", 0)
    assert parameters(network, 1, *[dates] * bool(dates), side, side, channels) == count


@pytest.mark.parametrize(
    ("halvings", "seen"), [(0, 1), (1, 16), (2, 34), (3, 70), (4, 142), (5, 286)]
)
def test_a_logit_sees_so_many_pixels(halvings, seen, monkeypatch):
    """By where a gradient is: norms, which see the whole image, are left out."""
    monkeypatch.setattr(
        "imaging_jax.models.translation.patch_gan.instance_norm", lambda y, *_, **__: y
    )
    network = PatchDiscriminator(features=1, halvings=halvings)
    side = max(16, 2 * seen)
    x = jax.random.normal(jax.random.key(2), (1, side, side, 1))
    # Positive kernels, so that nothing cancels.
    params = jax.tree.map(jnp.abs, network.init(jax.random.key(0), x))

    def middle(x):
        logits = network.apply(params, x)
        return logits[0, logits.shape[1] // 2, logits.shape[2] // 2]

    touched = np.asarray(jax.grad(middle)(x))[0, ..., 0] != 0
    for axis in (0, 1):
        (places,) = np.nonzero(touched.any(axis))
        assert places[-1] - places[0] + 1 == seen
        assert len(places) == seen


@pytest.mark.parametrize(
    ("network", "shape", "oracle"),
    [
        (
            UNetGenerator(features=3, levels=4),
            (2, 16, 32, 3),
            partial(translation_numpy.unet, levels=4),
        ),
        (
            STGANGenerator(features=3, levels=3),
            (2, 3, 16, 8, 4),
            partial(translation_numpy.stgan, levels=3),
        ),
        (
            ResNetGenerator(features=3, blocks=2),
            (2, 16, 20, 3),
            partial(translation_numpy.resnet, blocks=2),
        ),
        (
            PatchDiscriminator(features=3, halvings=2),
            (2, 20, 24, 6),
            partial(translation_numpy.patch_gan, halvings=2),
        ),
    ],
    ids=["unet", "stgan", "resnet", "patch_gan"],
)
def test_outputs_are_numpys(network, shape, oracle, monkeypatch):
    monkeypatch.setattr("flax.linen.Dropout.__call__", lambda self, x: x)
    x = jax.random.normal(jax.random.key(2), shape)
    params = network.init(KEYS, x)["params"]
    # Larger than they start, so that every layer shows.
    keys = iter(jax.random.split(jax.random.key(3), 100))
    params = jax.tree.map(lambda leaf: jax.random.normal(next(keys), leaf.shape) * 0.5, params)
    found = network.apply({"params": params}, x)
    wanted = oracle(jax.tree.map(np.float64, params), np.float64(x))
    np.testing.assert_allclose(found, wanted, atol=2e-4 * np.abs(wanted).max())


def test_logits_of_256_pixels_are_those_of_the_paper():
    network, x = PatchDiscriminator(features=2), jnp.zeros((1, 256, 256, 6))
    logits, _ = jax.eval_shape(lambda: network.init_with_output(jax.random.key(0), x))
    assert logits.shape == (1, 30, 30)


@pytest.mark.parametrize(
    ("network", "shape"),
    [
        (UNetGenerator(channels=2, features=4, levels=4), (2, 32, 48, 3)),
        (STGANGenerator(channels=2, features=4, levels=4), (2, 3, 32, 48, 3)),
        (ResNetGenerator(channels=2, features=4, blocks=2), (2, 24, 36, 3)),
        (PatchDiscriminator(features=4, halvings=1), (2, 24, 36, 3)),
    ],
)
def test_every_leaf_learns_and_the_loss_falls(network, shape):
    x = jax.random.normal(jax.random.key(2), shape)
    params = network.init(KEYS, x)["params"]
    given = x[:, 0] if x.ndim == 5 else x
    target = jnp.tanh(given[..., :2].sum(-1, keepdims=True)) / 2

    def loss(params, key):
        y = network.apply({"params": params}, x, rngs={"dropout": key})
        wanted = jnp.ones_like(y) if y.ndim == 3 else target
        return jnp.mean((y - wanted) ** 2)

    adam = optax.adam(2e-3)

    @jax.jit
    def step(params, state, key):
        value, grads = jax.value_and_grad(loss)(params, key)
        updates, state = adam.update(grads, state)
        return optax.apply_updates(params, updates), state, value, grads

    state, values, moved = adam.init(params), [], None
    for index in range(25):
        params, state, value, grads = step(params, state, jax.random.key(index))
        values.append(float(value))
        found = jax.tree.map(lambda g: bool(jnp.any(g != 0)), grads)
        moved = found if moved is None else jax.tree.map(lambda a, b: a or b, moved, found)
    assert values[-1] < 0.9 * values[0], values
    silent = [
        jax.tree_util.keystr(path) for path, leaf in jax.tree.leaves_with_path(moved) if not leaf
    ]
    assert silent == []


def test_dates_lie_side_by_side_in_their_order():
    x = np.arange(2 * 3 * 4 * 5 * 2).reshape(2, 3, 4, 5, 2)
    wanted = np.concatenate([x[:, 0], x[:, 1], x[:, 2]], axis=-1)
    np.testing.assert_array_equal(dates_as_channels(jnp.asarray(x)), wanted)


def test_one_encoder_sees_every_date(monkeypatch):
    """Dates and the decoder's kernels permuted alike give the same image."""
    monkeypatch.setattr("flax.linen.Dropout.__call__", lambda self, x: x)
    network = STGANGenerator(features=2, levels=3)
    x = jax.random.normal(jax.random.key(2), (1, 3, 8, 16, 3))
    params = network.init(KEYS, x)["params"]
    order = np.array([2, 0, 1])
    changed = dict(params)
    for level in (1, 2, 3):
        kernel = params[f"up{level}"]["kernel"]
        # What comes of the layer within stands before the three dates' maps.
        within = params[f"up{level + 1}"]["kernel"].shape[-1] if level < 3 else 0
        maps = np.arange(within, kernel.shape[2]).reshape(3, -1)[order].ravel()
        kernel = kernel[:, :, np.concatenate([np.arange(within), maps])]
        changed[f"up{level}"] = {**params[f"up{level}"], "kernel": kernel}
    found = network.apply({"params": changed}, x[:, order])
    wanted = network.apply({"params": params}, x)
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    assert jnp.abs(network.apply({"params": params}, x[:, order]) - wanted).max() > 1e-4


def test_an_image_is_translated_alike_whatever_batch_it_is_in():
    network = UNetGenerator(features=4, levels=5)
    x = jax.random.normal(jax.random.key(2), (3, 32, 32, 3))
    params = network.init(KEYS, x)
    plain = {"rngs": {"dropout": jax.random.key(3)}}
    together = network.apply(params, x, **plain)
    others = network.apply(params, x.at[1:].multiply(2.0), **plain)
    np.testing.assert_allclose(together[0], others[0], atol=1e-5)
    # Dropout is the noise.
    again = network.apply(params, x, rngs={"dropout": jax.random.key(4)})
    assert jnp.abs(together - again).max() > 1e-3


@pytest.mark.parametrize(
    ("network", "shape", "message"),
    [
        (UNetGenerator(levels=4), (1, 40, 32, 3), "UNetGenerator: height and width must be mult"),
        (ResNetGenerator(), (1, 30, 32, 3), "ResNetGenerator: height and width must be mult"),
        (ResNetGenerator(blocks=0), (1, 32, 32, 3), "blocks must be at least 1, got 0"),
        (STGANGenerator(), (1, 2, 256, 256, 3), r"x must have shape \(N, 3, any, any, any\), got"),
        (STGANGenerator(levels=4), (1, 3, 40, 32, 3), "STGANGenerator: height and width must be"),
        (STGANGenerator(dates=0), (1, 3, 256, 256, 3), "dates must be at least 1, got 0"),
        (UNetGenerator(features=0), (1, 256, 256, 3), "features must be at least 1"),
        (PatchDiscriminator(halvings=-1), (1, 32, 32, 3), "halvings must be at least 0"),
        (PatchDiscriminator(), (1, 16, 64, 3), "3 halvings want images of 24x24 at least, got 16"),
        (PatchDiscriminator(), (32, 32, 3), r"x must have shape \(N, any, any, any\)"),
    ],
)
def test_bad_input(network, shape, message):
    with pytest.raises(ValueError, match=message):
        network.init(KEYS, jnp.zeros(shape))
