"""SRGAN's discriminator: published counts, an independent implementation, sizes of patches."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from imaging_jax.models.super_resolution import SRGANDiscriminator
from tests.models.generative_helpers import DISCRIMINATORS, arguments, rough
from tests.models.super_resolution_helpers import convolution, jit


@pytest.mark.parametrize(
    ("module", "parameters"),
    [
        (SRGANDiscriminator(), 23_565_505),
        (SRGANDiscriminator(head="pooled"), 5_215_425),
        (SRGANDiscriminator(size=24), 4_689_088 + 4 * 512 * 1024 + 1024 + 1025),
        (SRGANDiscriminator(size=24, head="pooled"), 5_215_425),
    ],
    ids=repr,
)
def test_has_the_published_number_of_parameters(module, parameters):
    shapes = jax.eval_shape(module.init, jax.random.key(0), *arguments(module))
    assert sum(leaf.size for leaf in jax.tree.leaves(shapes["params"])) == parameters
    running = 2 * (64 + 2 * 128 + 2 * 256 + 2 * 512)
    assert sum(leaf.size for leaf in jax.tree.leaves(shapes["batch_stats"])) == running


def leaky(x):
    return np.where(x > 0, x, 0.2 * x)


def independent(variables, image, head):
    """The logit of one image (1, H, W, C) in numpy and scipy."""
    params = jax.tree.map(np.asarray, variables["params"])
    y = leaky(convolution(image, *(params["conv1"][name] for name in ("kernel", "bias"))))
    for number in range(2, 9):
        y = convolution(y, *(params[f"conv{number}"][name] for name in ("kernel", "bias")))
        if number % 2 == 0:
            y = y[:, ::2, ::2]
        norm, running = params[f"norm{number}"], variables["batch_stats"][f"norm{number}"]
        y = (y - np.asarray(running["mean"])) / np.sqrt(np.asarray(running["var"]) + 1e-5)
        y = leaky(y * norm["scale"] + norm["bias"])
    y = y.mean(axis=(1, 2)) if head == "pooled" else y.reshape(1, -1)
    y = leaky(y @ params["dense1"]["kernel"] + params["dense1"]["bias"])
    return (y @ params["dense2"]["kernel"] + params["dense2"]["bias"])[0, 0]


@pytest.mark.parametrize("name", ["srgan", "srgan_pooled"])
def test_is_that_of_an_independent_implementation(name):
    module = DISCRIMINATORS[name]
    variables = rough(module)
    rng = np.random.default_rng(4)
    variables["batch_stats"] = jax.tree.map(
        lambda leaf: jnp.asarray(rng.uniform(0.5, 20, leaf.shape), jnp.float32),
        variables["batch_stats"],
    )
    x, _ = arguments(module, batch=2)
    logits = jit(module.apply)(variables, x)
    wanted = [independent(variables, np.asarray(image[None]), module.head) for image in x]
    np.testing.assert_allclose(logits, wanted, rtol=2e-4)


def test_the_pooled_head_judges_patches_of_any_size():
    module = DISCRIMINATORS["srgan_pooled"]
    variables = rough(module)
    image = np.random.default_rng(5).uniform(-1, 1, (1, 19, 42, 3)).astype(np.float32)
    logits = jit(module.apply)(variables, image)
    np.testing.assert_allclose(logits, [independent(variables, image, "pooled")], rtol=2e-4)


X = jnp.zeros((2, 96, 96, 3))


@pytest.mark.parametrize(
    ("module", "x", "message"),
    [
        (SRGANDiscriminator(), X[:, :48], r"x must have shape \(N, 96, 96, 3\), got \(2, 48, 96"),
        (SRGANDiscriminator(size=48), X, r"x must have shape \(N, 48, 48, 3\), got \(2, 96"),
        (SRGANDiscriminator(), X.astype(int), "x must be real floating point, got int32"),
        (SRGANDiscriminator(head="pooled"), X[..., :1], r"shape \(N, any, any, 3\), got \(2, 96"),
        (SRGANDiscriminator(head="pooled"), X[0], r"\(N, any, any, 3\), got \(96, 96, 3\)"),
        (SRGANDiscriminator(head="max"), X, "head must be one of .* got 'max'"),
        (SRGANDiscriminator(hidden=0), X, "SRGANDiscriminator: hidden must be at least 1, got 0"),
    ],
)
def test_rejects_at_trace_time(module, x, message):
    with pytest.raises(ValueError, match=message):
        jax.eval_shape(module.init, jax.random.key(0), x)
