"""Attention blocks: counts, a second writing with loops, training, and where EDSR has them."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from imaging_jax.models.layers import (
    ATTENTION,
    BAM,
    CBAM,
    NonLocal,
    SelfAttention2D,
    SqueezeExcitation,
    attention_block,
)
from imaging_jax.models.super_resolution import EDSR, EDSRLight
from tests.models import backbones_numpy as second
from tests.models.super_resolution_helpers import jit

# Fewer channels to one of the hidden layers than the papers', so that few channels are enough.
SMALL = {
    name: block(4) if name in ("bam", "cbam", "channel", "se") else block()
    for name, block in ATTENTION.items()
}
SHAPE = (2, 5, 4, 16)


def shapes(module, shape=SHAPE):
    return jax.eval_shape(module.init, jax.random.key(0), jnp.zeros(shape))


def count(module, shape=SHAPE):
    return sum(leaf.size for leaf in jax.tree.leaves(shapes(module, shape)["params"]))


def drawn(module, shape=SHAPE):
    """Variables and an image, of values of either sign; variances are positive."""
    generator = np.random.default_rng(0)

    def draw(path, leaf):
        value = generator.uniform(0.1, 0.5, leaf.shape)
        sign = 1 if path[-1].key == "var" else generator.choice([-1, 1], leaf.shape)
        return jnp.asarray(sign * value, jnp.float32)

    variables = jax.tree_util.tree_map_with_path(draw, shapes(module, shape))
    return variables, jnp.asarray(generator.standard_normal(shape), jnp.float32)


@pytest.mark.parametrize(
    ("name", "channels", "parameters"),
    [
        # Layer lists of the papers; BAM's and CBAM's of the authors' code, norms' scales and
        # offsets counted. Squeeze and excitation has 2 C² / 16 + C / 16 + C.
        ("se", 64, 512 + 4 + 64),
        ("se", 256, 8_192 + 16 + 256),
        ("channel", 64, 580),
        ("cbam", 64, 680),
        ("cbam", 256, 8_564),
        ("bam", 64, 1_173),
        ("bam", 256, 17_361),
        ("bam", 512, 68_513),
        ("bam", 1024, 272_193),
        ("non_local", 64, 8_480),
        ("non_local", 512, 526_592),
        ("sagan", 64, 5_201),
    ],
)
def test_has_the_papers_number_of_parameters(name, channels, parameters):
    assert count(attention_block(name, "Net"), (1, 4, 4, channels)) == parameters


@pytest.mark.parametrize("name", ATTENTION)
def test_is_that_of_the_second_writing(name):
    variables, x = drawn(SMALL[name])
    found = jit(SMALL[name].apply)(variables, x)
    assert (found.shape, found.dtype) == (x.shape, jnp.float32)
    statistics = variables.get("batch_stats")
    for one, image in zip(found, np.asarray(x, np.float64), strict=True):
        wanted = second.ATTENTION[name](image, variables["params"], statistics)
        assert np.abs(wanted - image).max() > 0.1
        np.testing.assert_allclose(one, wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ATTENTION)
def test_leading_axes_and_half_precision(name):
    module = SMALL[name]
    variables, x = drawn(module)
    wanted = jit(module.apply)(variables, x)
    assert jax.eval_shape(module.apply, variables, x[0]).shape == x[0].shape
    stacked = jit(lambda x: module.apply(variables, x))(x[:, None])
    np.testing.assert_allclose(stacked[:, 0], wanted, rtol=1e-5, atol=1e-5)
    half = jit(module.clone(dtype=jnp.bfloat16).apply)(variables, x.astype(jnp.bfloat16))
    assert half.dtype == jnp.bfloat16
    assert np.abs(half.astype(jnp.float32) - wanted).max() < 0.05 * np.abs(wanted).max()


@pytest.mark.parametrize("module", [NonLocal(), SelfAttention2D()])
def test_attention_of_pixels_starts_as_the_identity(module):
    _, x = drawn(module)
    variables = module.init(jax.random.key(0), x)
    np.testing.assert_array_equal(module.apply(variables, x), x)


# A bias before a batch norm is taken off again with the mean; one of a key moves all logits of a
# pixel alike, which the softmax doesn't see; one of values is the same at every pixel, and the norm
# of non-local blocks takes it off.
WITHOUT_GRADIENT = {
    "bam": {
        f"{layer}.bias"
        for layer in ("channel_reduce", "spatial_reduce", "spatial_conv1", "spatial_conv2")
    },
    "non_local": {"g.bias", "out.bias", "phi.bias"},
    "sagan": {"f.bias"},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ATTENTION)
def test_descent_lowers_the_loss_and_reaches_every_parameter(name):
    module = SMALL[name]
    x = jnp.asarray(np.random.default_rng(0).standard_normal((3, 6, 6, 16)), jnp.float32)
    # Odd channels of the left half, brighter.
    target = 1.5 * x * (jnp.arange(6) < 3)[:, None] * (jnp.arange(16) % 2)
    variables = dict(module.init(jax.random.key(1), x))
    params = variables.pop("params")
    optimizer = optax.adam(1e-2)
    moments = optimizer.init(params)

    @jit
    def step(params, variables, moments):
        def loss(params):
            y, updated = module.apply(
                {"params": params, **variables}, x, train=True, mutable=list(variables)
            )
            return jnp.mean((y - target) ** 2), updated

        (value, variables), grads = jax.value_and_grad(loss, has_aux=True)(params)
        updates, moments = optimizer.update(grads, moments)
        return optax.apply_updates(params, updates), variables, moments, value, grads

    losses, first = [], variables
    largest = jax.tree.map(lambda _: 0.0, params)
    for _ in range(10):
        params, variables, moments, value, grads = step(params, variables, moments)
        losses.append(float(value))
        if len(losses) <= 3:
            largest = jax.tree.map(lambda m, g: max(m, np.abs(g).max()), largest, grads)
    assert losses[-1] < losses[0]
    moved = jax.tree.map(lambda a, b: bool(np.any(a != b)), first, variables)
    assert all(jax.tree.leaves(moved))
    for path, size in jax.tree_util.tree_leaves_with_path(largest):
        leaf = ".".join(key.key for key in path)
        if leaf in WITHOUT_GRADIENT.get(name, ()):
            assert size < 1e-6
        else:
            assert size > 1e-6, leaf


@pytest.mark.parametrize("name", ATTENTION)
@pytest.mark.parametrize(
    "module",
    [EDSR(scale=2, features=16, blocks=2), EDSRLight(scale=2, features=16, blocks=2, remat=True)],
    ids=["edsr", "edsr_light"],
)
def test_residual_blocks_of_edsr_hold_one_each(module, name):
    attended = module.clone(attention=name)
    image = (1, 6, 5, 3)
    one = count(attention_block(name, "EDSR"), (1, 6, 5, 16))
    assert count(attended, image) == count(module, image) + 2 * one
    found, plain = (shapes(m, image)["params"] for m in (attended, module))
    for block in ("block1", "block2"):
        del found[block]["attention"]
    assert jax.tree.structure(found) == jax.tree.structure(plain)
    variables = shapes(attended, image)
    y, _ = jax.eval_shape(
        lambda variables: attended.apply(
            variables, jnp.zeros(image), train=True, mutable=["batch_stats"]
        ),
        variables,
    )
    assert y.shape == (1, 12, 10, 3)


def test_edsr_weighs_the_residual_before_the_addition():
    # Weights of sigmoid(0) are a residual scaling of 1/2.
    module = EDSR(scale=2, features=16, blocks=2, attention="se")
    variables, image = drawn(module, (1, 6, 5, 3))
    params = jax.tree.map(lambda leaf: leaf / leaf[..., 0].size ** 0.5, variables["params"])
    for block in ("block1", "block2"):
        expand = params[block]["attention"]["mlp"]["expand"]
        params[block]["attention"]["mlp"]["expand"] = jax.tree.map(jnp.zeros_like, expand)
    found = jit(module.apply)({"params": params}, image)
    for block in ("block1", "block2"):
        del params[block]["attention"]
    plain = EDSR(scale=2, features=16, blocks=2, residual_scale=0.5)
    wanted = jit(plain.apply)({"params": params}, image)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("module", "channels", "message"),
    [
        (SqueezeExcitation(), 15, "SqueezeExcitation: channels must be at least 16, got 15"),
        (ATTENTION["channel"](), 8, "ChannelAttention: channels must be at least 16, got 8"),
        (BAM(), 15, "BAM: channels must be at least 16, got 15"),
        (CBAM(ratio=4), 3, "CBAM: channels must be at least 4, got 3"),
        (NonLocal(), 1, "NonLocal: channels must be at least 2, got 1"),
        (SelfAttention2D(), 7, "SelfAttention2D: channels must be at least 8, got 7"),
        (EDSR(scale=2, attention="s"), 3, "EDSR: attention must be one of .* got 's'"),
        (EDSRLight(scale=2, attention="s"), 3, "EDSRLight: attention must be one of .* got 's'"),
    ],
    ids=repr,
)
def test_rejects_at_trace_time(module, channels, message):
    with pytest.raises(ValueError, match=message):
        shapes(module, (1, 4, 4, channels))


def test_unknown_names_are_told():
    with pytest.raises(ValueError, match=r"Net: attention must be one of \('bam', .* got 'SE'"):
        attention_block("SE", "Net")
