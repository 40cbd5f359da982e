"""Generators and discriminators in training: every parameter moves; norms and dropout switch."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import linen as nn

from imaging_jax.losses import gradient_penalty, non_saturating_generator_loss
from imaging_jax.models.generative import ConvDiscriminator
from imaging_jax.models.super_resolution import SRGANDiscriminator
from tests.models.generative_helpers import (
    BATCH,
    DISCRIMINATORS,
    GENERATORS,
    arguments,
    initial,
    train,
)
from tests.models.super_resolution_helpers import jit


def gradients(module, loss, steps=3):
    """Losses of some Adam steps, and of each parameter the largest gradient that it saw."""
    variables = initial(module)
    params = variables["params"]

    @jit
    def step(params, variables, state):
        def objective(params):
            output, updated = train(module, variables, params, *arguments(module))
            return loss(output), updated

        (value, updated), grads = jax.value_and_grad(objective, has_aux=True)(params)
        updates, state = optimizer.update(grads, state)
        largest = jax.tree.map(lambda g: jnp.abs(g).max(), grads)
        return optax.apply_updates(params, updates), updated, state, value, largest

    optimizer = optax.adam(1e-2)
    state, losses, seen = optimizer.init(params), [], None
    for _ in range(steps):
        params, updated, state, value, largest = step(params, variables, state)
        variables = {**variables, **updated}
        seen = jax.tree.map(max, largest, seen) if seen else largest
        losses.append(float(value))
    return losses, {jax.tree_util.keystr(path): float(g) for path, g in _leaves(seen)}


def _leaves(tree):
    return jax.tree_util.tree_leaves_with_path(tree)


@pytest.mark.parametrize("name", GENERATORS)
def test_adam_moves_every_parameter_of_a_generator(name):
    module = GENERATORS[name]
    target = np.random.default_rng(1).uniform(-1, 1, module.image_shape)
    losses, seen = gradients(module, lambda images: jnp.mean((images - target) ** 2))
    assert losses[-1] < losses[0]
    # A bias before a batch norm is subtracted with the mean.
    without = {"['conv1']['bias']", "['conv2']['bias']"} if name == "tfgan" else set()
    assert all(size > 1e-7 for path, size in seen.items() if path not in without), seen


def before_batch_norms(module):
    """Numbers of the convolutions with a bias that a batch norm subtracts."""
    if isinstance(module, SRGANDiscriminator):
        return range(2, 9)
    batch = isinstance(module, ConvDiscriminator) and module.normalization == "batch"
    return (2, 3) if batch else ()


@pytest.mark.parametrize("name", DISCRIMINATORS)
def test_adam_moves_every_parameter_of_a_discriminator(name):
    module = DISCRIMINATORS[name]
    sign = np.where(np.arange(BATCH) % 2, 1.0, -1.0)
    losses, seen = gradients(module, lambda logits: jnp.mean(jax.nn.softplus(sign * logits)))
    assert losses[-1] < losses[0]
    without = {f"['conv{number}']['bias']" for number in before_batch_norms(module)}
    assert all(size > 1e-7 for path, size in seen.items() if path not in without), seen


@pytest.mark.parametrize(
    ("generator", "discriminator"), [("mlp", "mlp"), ("conv_resize", "conv_none")]
)
def test_the_generator_learns_through_the_discriminator(generator, discriminator):
    generator, discriminator = GENERATORS[generator], DISCRIMINATORS[discriminator]
    z, _ = arguments(generator)

    @jit
    def gradient(params):
        def loss(params):
            images, _ = train(generator, initial(generator), params, z, None)
            logits = discriminator.apply(initial(discriminator), images)
            return non_saturating_generator_loss(logits)

        return jax.grad(loss)(params)

    for path, leaf in _leaves(gradient(initial(generator)["params"])):
        assert float(jnp.abs(leaf).max()) > 0, path


@pytest.mark.parametrize("name", ["mlp", "conv_none"])
def test_the_gradient_penalty_trains_every_kernel_of_a_critic(name):
    module = DISCRIMINATORS[name]
    x, _ = arguments(module)

    @jit
    def gradient(params):
        def loss(params):
            critic = partial(module.apply, {"params": params})
            return gradient_penalty(critic, x, -x, jax.random.key(0))

        return jax.grad(loss)(params)

    for path, leaf in _leaves(gradient(initial(module)["params"])):
        assert np.isfinite(leaf).all(), path
        if leaf.ndim > 1:
            assert float(jnp.abs(leaf).max()) > 0, path


def test_training_takes_the_batchs_statistics():
    for module in (GENERATORS["conv"], DISCRIMINATORS["conv"]):
        x, labels = arguments(module)
        variables = initial(module)
        output, updated = train(module, variables, variables["params"], x, labels)
        assert float(jnp.abs(output - module.apply(variables, x, labels)).max()) > 1e-3
        for before, after in zip(
            jax.tree.leaves(variables["batch_stats"]),
            jax.tree.leaves(updated["batch_stats"]),
            strict=True,
        ):
            assert float(jnp.abs(before - after).max()) > 0


def test_dropout_falls_only_in_training():
    module = DISCRIMINATORS["tensorflow_dcgan"]
    x, _ = arguments(module)
    variables = initial(module)
    first, second = (
        module.apply(variables, x, train=True, rngs={"dropout": jax.random.key(seed)})
        for seed in (0, 1)
    )
    assert float(jnp.abs(first - second).max()) > 1e-3
    with nn.intercept_methods(_passing_by(nn.Dropout)):
        without = module.apply(variables, x, train=True)
    np.testing.assert_allclose(module.apply(variables, x), without, rtol=1e-5)


def _passing_by(kind):
    def call(method, inputs, options, context):
        return inputs[0] if isinstance(context.module, kind) else method(*inputs, **options)

    return call
