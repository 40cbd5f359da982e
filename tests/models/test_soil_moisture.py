"""Networks of soil moisture: counts, against numpy, and that they learn."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from imaging_jax.models.soil_moisture import FieldCNN, MLPRegressor


def network(kind, count, **fields):
    means = tuple(float(i) for i in range(count))
    return kind(means, tuple(1.0 + i for i in means), 0.25, 0.5, **fields)


def test_counts_are_those_of_the_layers():
    # 8-64-64-1; 9·9·32 + 32, 9·32·32 + 32, 9·32 + 1.
    for kind, count, shape, parameters in (
        (MLPRegressor, 8, (1, 8), 4_801),
        (FieldCNN, 9, (1, 8, 8, 9), 2_624 + 9_248 + 289),
    ):
        found = jax.eval_shape(network(kind, count).init, jax.random.key(0), jnp.zeros(shape))
        assert sum(x.size for x in jax.tree.leaves(found)) == parameters


def layers(variables):
    params = variables["params"]
    names = sorted(params, key=lambda name: int(name.rpartition("_")[2]))
    return [(np.asarray(params[n]["kernel"]), np.asarray(params[n]["bias"])) for n in names]


def test_the_perceptron_is_that_of_numpy():
    net = network(MLPRegressor, 3, widths=(5, 4), outputs=2)
    x = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)
    variables = net.init(jax.random.key(0), x)
    y = (x - np.arange(3)) / (1 + np.arange(3))
    for index, (kernel, bias) in enumerate(layers(variables)):
        y = y @ kernel + bias
        y = np.maximum(y, 0) if index < 2 else y
    np.testing.assert_allclose(net.apply(variables, x), 0.25 + 0.5 * y, atol=1e-5)


def test_the_maps_are_those_of_numpy():
    net = network(FieldCNN, 2, widths=(3,))
    x = np.random.default_rng(0).normal(size=(1, 4, 5, 2)).astype(np.float32)
    variables = net.init(jax.random.key(0), x)
    y = (x[0] - np.arange(2)) / (1 + np.arange(2))
    for index, (kernel, bias) in enumerate(layers(variables)):
        padded = np.pad(y, [(1, 1), (1, 1), (0, 0)])
        y = np.zeros((4, 5, kernel.shape[-1])) + bias
        for row in range(4):
            for column in range(5):
                window = padded[row : row + 3, column : column + 3]
                y[row, column] += np.einsum("uvc,uvcf->f", window, kernel)
        y = np.maximum(y, 0) if index < 1 else y
    np.testing.assert_allclose(net.apply(variables, x)[0], 0.25 + 0.5 * y, atol=1e-5)


@pytest.mark.parametrize(("kind", "shape"), [(MLPRegressor, (32, 3)), (FieldCNN, (2, 8, 8, 3))])
def test_a_few_steps_lower_the_loss_and_reach_every_leaf(kind, shape):
    net = network(kind, 3, widths=(8, 8))
    x = jax.random.normal(jax.random.key(0), shape)
    wanted = x[..., :1]
    params = net.init(jax.random.key(1), x)
    optimizer = optax.adam(1e-2)
    moments = optimizer.init(params)
    step = jax.jit(jax.value_and_grad(lambda p: jnp.mean((net.apply(p, x) - wanted) ** 2)))
    losses = []
    for _ in range(20):
        value, gradient = step(params)
        losses.append(float(value))
        updates, moments = optimizer.update(gradient, moments)
        params = optax.apply_updates(params, updates)
        if len(losses) == 3:
            assert all(np.any(leaf != 0) for leaf in jax.tree.leaves(gradient))
    assert losses[-1] < 0.7 * losses[0]


@pytest.mark.parametrize(
    ("net", "shape", "message"),
    [
        (network(MLPRegressor, 3), (2, 4), r"MLPRegressor: x must have shape \(N, 3\)"),
        (network(FieldCNN, 3), (2, 8, 3), r"FieldCNN: x must have shape \(N, any, any, 3\)"),
        (MLPRegressor((0.0,), (1.0, 2.0)), (2, 1), "must be as many, one a feature, got 1 and 2"),
        (MLPRegressor((0.0,), (0.0,)), (2, 1), r"deviations must be positive, got \(0.0,\)"),
        (FieldCNN((0.0,), (1.0,), 0.0, 0.0), (2, 4, 4, 1), "of the target, 0.0"),
        (network(MLPRegressor, 3, widths=(0,)), (2, 3), "widths must be at least 1, got 0"),
    ],
)
def test_bad_input_is_named_at_trace_time(net, shape, message):
    with pytest.raises(ValueError, match=message):
        jax.eval_shape(net.init, jax.random.key(0), jnp.zeros(shape))
