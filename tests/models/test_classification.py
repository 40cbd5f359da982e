"""Networks that tell images apart: counts by their layers, and that they learn."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from scipy.special import erf

from imaging_jax.models.classification import CNN, MLP

SMALL = {
    "cnn": CNN(features=(4, 6), hidden=8, image_shape=(12, 12, 1)),
    "mlp": MLP(widths=(16, 8), image_shape=(12, 12, 1)),
    "mlp_prelu": MLP(widths=(16, 8), image_shape=(12, 12, 1), activation="prelu"),
}


@pytest.mark.parametrize(
    ("module", "layers"),
    [
        # Weights and biases of every layer, in order.
        (MLP(), [784 * 256 + 256, 256 * 128 + 128, 128 * 10 + 10]),
        # A slope for each unit of the two hidden layers.
        (MLP(activation="prelu"), [784 * 256 + 256, 256 * 128 + 128, 128 * 10 + 10, 256 + 128]),
        (CNN(), [9 * 32 + 32, 9 * 32 * 64 + 64, 7 * 7 * 64 * 128 + 128, 128 * 10 + 10]),
    ],
    ids=["mlp", "mlp_prelu", "cnn"],
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


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("relu", lambda x: np.maximum(x, 0)),
        ("leaky_relu", lambda x: np.where(x > 0, x, 0.01 * x)),
        ("prelu", lambda x: np.where(x > 0, x, 0.25 * x)),
        ("tanh", np.tanh),
        ("sigmoid", lambda x: 1 / (1 + np.exp(-x))),
        ("gelu", lambda x: x * (1 + erf(x / np.sqrt(2))) / 2),
    ],
)
def test_activations_are_those_of_their_formulas(name, function):
    module = MLP(widths=(6,), image_shape=(2, 2, 1), activation=name)
    x = np.random.default_rng(0).random((5, 2, 2, 1), np.float32)
    variables = module.init(jax.random.key(0), x)
    first, last = (variables["params"][f"Dense_{index}"] for index in (0, 1))
    hidden = function(4 * x.reshape(5, 4) @ np.asarray(first["kernel"]))
    found = module.apply(variables, 4 * x)
    np.testing.assert_allclose(found, hidden @ np.asarray(last["kernel"]), atol=1e-6)


@pytest.mark.parametrize("module", [MLP(widths=(4000,), dropout=0.3), CNN((1,), 4000, dropout=0.3)])
def test_dropout_scales_what_it_keeps_and_is_off_without_train(module):
    # Inverted dropout of Srivastava et al., section 10: kept with 0.7, divided by it, in training.
    module = module.clone(image_shape=(4, 4, 1))
    x = np.random.default_rng(0).random((1, 4, 4, 1), np.float32)
    variables = module.init(jax.random.key(0), x)

    def hidden(train):
        _, state = module.apply(
            variables,
            x,
            train,
            rngs={"dropout": jax.random.key(1)} if train else None,
            capture_intermediates=lambda layer, _: layer.name == "Dropout_0",
            mutable="intermediates",
        )
        return np.asarray(state["intermediates"]["Dropout_0"]["__call__"][0])

    whole, dropped = hidden(False), hidden(True)
    plain = module.clone(dropout=0.0)
    np.testing.assert_array_equal(module.apply(variables, x), plain.apply(variables, x, train=True))
    alive = whole > 0
    kept = dropped[alive] != 0
    np.testing.assert_allclose(dropped[alive][kept], whole[alive][kept] / 0.7, rtol=1e-6)
    # Four standard deviations of the share among about 2,000.
    assert kept.mean() == pytest.approx(0.7, abs=4 * np.sqrt(0.21 / alive.sum()))


@pytest.mark.parametrize("model", [MLP, CNN])
@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"activation": "elu"}, r": activation must be one of \('gelu', .* got 'elu'"),
        ({"kernel_init": "zeros"}, r": kernel_init must be one of \('he', .* got 'zeros'"),
        ({"dropout": 1.0}, r": dropout must be in \[0, 1\), got 1.0"),
        ({"dropout": -0.1}, r": dropout must be in \[0, 1\), got -0.1"),
    ],
)
def test_unknown_names_and_rates_are_refused(model, fields, message):
    with pytest.raises(ValueError, match=model.__name__ + message):
        jax.eval_shape(model(**fields).init, jax.random.key(0), jnp.zeros((1, 28, 28, 1)))
