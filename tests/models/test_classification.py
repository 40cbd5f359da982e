"""Networks that tell images apart: counts by their layers, and that they learn."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from imaging_jax.models.classification import CNN, MLP

SMALL = {
    "cnn": CNN(features=(4, 6), hidden=8, image_shape=(12, 12, 1)),
    "mlp": MLP(widths=(16, 8), image_shape=(12, 12, 1)),
}


@pytest.mark.parametrize(
    ("module", "layers"),
    [
        # Weights and biases of every layer, in order.
        (MLP(), [784 * 256 + 256, 256 * 128 + 128, 128 * 10 + 10]),
        (CNN(), [9 * 32 + 32, 9 * 32 * 64 + 64, 7 * 7 * 64 * 128 + 128, 128 * 10 + 10]),
    ],
    ids=["mlp", "cnn"],
)
def test_parameters_are_those_of_the_layers(module, layers):
    shapes = jax.eval_shape(module.init, jax.random.key(0), jnp.zeros((1, 28, 28, 1)))
    assert sum(leaf.size for leaf in jax.tree.leaves(shapes)) == sum(layers)


def half_bright(count=64):
    """Images whose class is the half that is bright."""
    key, where = jax.random.split(jax.random.key(0))
    labels = jax.random.bernoulli(where, shape=(count,)).astype(jnp.int32)
    images = 0.3 * jax.random.uniform(key, (count, 12, 12, 1))
    left = jnp.arange(12) < 6
    bright = jnp.where(labels[:, None] == 0, left, ~left)
    return images + 0.5 * bright[:, None, :, None], labels


@pytest.mark.parametrize("name", SMALL)
def test_a_few_steps_lower_the_loss_and_reach_every_leaf(name):
    module, (images, labels) = SMALL[name], half_bright()
    start = params = module.init(jax.random.key(1), images)
    optimizer = optax.adam(1e-2)
    moments = optimizer.init(params)

    @jax.jit
    def step(params, moments):
        def loss(params):
            logits = module.apply(params, images, train=True)
            return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()

        value, grads = jax.value_and_grad(loss)(params)
        updates, moments = optimizer.update(grads, moments)
        return optax.apply_updates(params, updates), moments, value

    losses = []
    for _ in range(20):
        params, moments, value = step(params, moments)
        losses.append(float(value))
    assert losses[-1] < 0.5 * losses[0]
    moved = jax.tree.map(lambda a, b: bool(np.any(a != b)), start, params)
    assert all(jax.tree.leaves(moved))


@pytest.mark.parametrize("name", SMALL)
def test_other_images_are_refused_at_trace_time(name):
    with pytest.raises(ValueError, match=r"\(N, 12, 12, 1\)"):
        jax.eval_shape(SMALL[name].init, jax.random.key(0), jnp.zeros((1, 12, 13, 1)))
