"""Autoencoders and the VAE: published counts, training by layers, the published weights' ELBO."""

import gzip

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from imaging_jax import pretrained
from imaging_jax.losses import binary_cross_entropy, gaussian_kl, squared_error
from imaging_jax.models.generative import VAE, ConvolutionalAutoencoder, DenseAutoencoder
from tests.models.super_resolution_helpers import jit

SHAPE = (6, 5, 1)
SMALL = {
    "one_layer": DenseAutoencoder(widths=(4,), image_shape=SHAPE),
    "deep": DenseAutoencoder(widths=(12, 8, 4), image_shape=SHAPE),
    "sparse": DenseAutoencoder(widths=(16,), code_activation="sigmoid", image_shape=SHAPE),
    "convolutional": ConvolutionalAutoencoder(features=4, code_features=3),
}


def images(module, count=16):
    pixels = np.random.default_rng(0).random((count, *module.image_shape)) ** 3
    return jnp.asarray(pixels, jnp.float32)


@pytest.mark.parametrize(
    ("module", "parameters"),
    [
        (DenseAutoencoder(), 50_992),
        (DenseAutoencoder(widths=(128, 64, 32)), 222_384),
        (DenseAutoencoder(widths=(196,), code_activation="sigmoid"), 308_308),
        (DenseAutoencoder(widths=(500,)), 785_284),
        (DenseAutoencoder(widths=(1000, 500, 250, 30), activation="sigmoid"), 2_837_314),
        (ConvolutionalAutoencoder(), 4_385),
        (VAE(), 652_824),
        (VAE(hidden=500), 815_824),
    ],
    ids=repr,
)
def test_has_the_published_number_of_parameters(module, parameters):
    key = jax.random.key(0)
    rest = (key,) if isinstance(module, VAE) else ()
    shapes = jax.eval_shape(module.init, key, images(module), *rest)
    assert sum(leaf.size for leaf in jax.tree.leaves(shapes["params"])) == parameters


@pytest.mark.parametrize("name", SMALL)
def test_decodes_what_it_encodes(name):
    module = SMALL[name]
    x = images(module)
    variables = module.init(jax.random.key(0), x)
    reconstruction, code = jit(module.apply)(variables, x)
    assert reconstruction.shape == x.shape
    assert 0 <= float(reconstruction.min()) < float(reconstruction.max()) <= 1
    np.testing.assert_allclose(module.apply(variables, x, method="encode"), code, atol=1e-6)
    decoded = module.apply(variables, code, method="decode")
    np.testing.assert_allclose(decoded, reconstruction, atol=1e-6)
    logits = module.apply(variables, code, method="decode_logits")
    np.testing.assert_allclose(1 / (1 + np.exp(-logits)), reconstruction, atol=1e-6)


@pytest.mark.parametrize("name", SMALL)
def test_adam_lowers_the_error_and_moves_every_parameter(name):
    module = SMALL[name]
    x = images(module)
    optimizer = optax.adam(1e-2)

    @jit
    def step(params, state):
        def loss(params):
            return squared_error(module.apply({"params": params}, x, train=True)[0], x)

        value, grads = jax.value_and_grad(loss)(params)
        updates, state = optimizer.update(grads, state)
        return optax.apply_updates(params, updates), state, value

    start = params = module.init(jax.random.key(0), x)["params"]
    state, losses = optimizer.init(params), []
    for _ in range(10):
        params, state, value = step(params, state)
        losses.append(float(value))
    assert losses[-1] < 0.97 * losses[0]
    moved = jax.tree.map(lambda a, b: float(jnp.abs(a - b).max()), start, params)
    assert all(distance > 0 for distance in jax.tree.leaves(moved)), moved


def test_pairs_of_layers_make_up_the_whole():
    module = SMALL["deep"]
    x = images(module)
    variables = module.init(jax.random.key(0), x)
    assert set(variables["params"]) == {
        f"{side}coder{k}" for side in ("en", "de") for k in (1, 2, 3)
    }

    def method(name, *arguments):
        return module.apply(variables, *arguments, method=name)

    np.testing.assert_array_equal(method("encode_until", x, 0), x.reshape(len(x), -1))
    np.testing.assert_array_equal(method("encode_until", x, 3), method("encode", x))
    sizes = (30, 12, 8, 4)
    for k in (1, 2, 3):
        below = method("encode_until", x, k - 1)
        back, above = method("layer_pair", below, k)
        assert (below.shape, back.shape) == ((16, sizes[k - 1]),) * 2
        np.testing.assert_allclose(above, method("encode_until", x, k), atol=1e-6)
    # The reconstruction has the range of what it reconstructs: pixels, then units of ReLU.
    assert float(method("layer_pair", method("encode_until", x, 0), 1)[0].max()) <= 1
    assert float(method("layer_pair", method("encode_until", x, 1), 2)[0].min()) == 0


def test_a_pair_of_layers_trains_alone():
    module = SMALL["deep"]
    x = images(module)
    variables = module.init(jax.random.key(0), x)

    def loss(params):
        below = module.apply({"params": params}, x, 1, method="encode_until")
        below = jax.lax.stop_gradient(below)
        return squared_error(
            module.apply({"params": params}, below, 2, method="layer_pair")[0], below
        )

    grads = jit(jax.grad(loss))(variables["params"])
    reached = {name for name, layer in grads.items() if float(jnp.abs(layer["kernel"]).max()) > 0}
    assert reached == {"encoder2", "decoder2"}


def test_all_linear_it_can_be_the_principal_components():
    rng = np.random.default_rng(0)
    factors = rng.standard_normal((40, 8)) * np.array([3, 2, 1.5, 1, 0.6, 0.4, 0.2, 0.1])
    x = 0.5 + 0.1 * factors @ np.linalg.qr(rng.standard_normal((30, 8)))[0].T
    mean, components = x.mean(0), np.linalg.svd(x - x.mean(0))[2][:3]
    rest = (x - mean) - (x - mean) @ components.T @ components
    best = np.mean(np.sum(rest**2, axis=1))

    module = DenseAutoencoder(widths=(3,), output_activation="linear", image_shape=SHAPE)
    y = jnp.asarray(x.reshape(-1, *SHAPE), jnp.float32)
    params = {
        "encoder1": {"kernel": components.T, "bias": -components @ mean},
        "decoder1": {"kernel": components, "bias": mean},
    }
    reconstruction, code = module.apply({"params": jax.tree.map(jnp.asarray, params)}, y)
    assert float(squared_error(reconstruction, y)) == pytest.approx(best, rel=1e-3)
    np.testing.assert_allclose(code, (x - mean) @ components.T, atol=1e-5)


def test_vae_decodes_a_draw():
    module = VAE(latent=3, hidden=7, image_shape=SHAPE)
    x, key = images(module), jax.random.key(5)
    variables = module.init(jax.random.key(0), x, key)
    logits, mean, log_variance = jit(module.apply)(variables, x, key)
    assert (logits.shape, mean.shape, log_variance.shape) == (x.shape, (16, 3), (16, 3))
    z = mean + jnp.exp(log_variance / 2) * jax.random.normal(key, (16, 3))
    probabilities = module.apply(variables, z, method="decode")
    np.testing.assert_allclose(1 / (1 + np.exp(-logits)), probabilities, atol=1e-5)
    other = module.apply(variables, x, jax.random.key(6))
    assert float(jnp.abs(other[0] - logits).max()) > 1e-4
    np.testing.assert_array_equal(other[1], mean)
    encoded = module.apply(variables, x, method="encode")
    np.testing.assert_allclose(encoded, (mean, log_variance), atol=1e-6)


def test_every_parameter_of_the_vae_has_a_gradient():
    module = VAE(latent=3, hidden=7, image_shape=SHAPE)
    x, key = images(module), jax.random.key(5)

    def loss(params):
        logits, mean, log_variance = module.apply({"params": params}, x, key)
        return binary_cross_entropy(logits, x) + gaussian_kl(mean, log_variance)

    grads = jit(jax.grad(loss))(module.init(jax.random.key(0), x, key)["params"])
    assert all(float(jnp.abs(leaf).max()) > 0 for leaf in jax.tree.leaves(grads))


@pytest.fixture(scope="module")
def digits(imaging_data):
    with gzip.open(imaging_data / "mnist/t10k-images-idx3-ubyte.gz") as file:
        pixels = np.frombuffer(file.read(), np.uint8, offset=16)
    return jnp.asarray(pixels.reshape(-1, 28, 28, 1), jnp.float32) / 255


# Measured on these weights by others, in numpy.
def test_published_vae_has_its_elbo(digits, imaging_data, monkeypatch):
    monkeypatch.setenv("IMAGING_DATA", str(imaging_data))
    module, variables = pretrained.load("vae_mnist_csinva")
    assert len(digits) == 10_000

    @jax.jit
    def terms(variables, x, key):
        logits, mean, log_variance = module.apply(variables, x, key)
        at_mean = module.apply(variables, mean, method="decode_logits")
        return (
            binary_cross_entropy(at_mean, x),
            gaussian_kl(mean, log_variance),
            binary_cross_entropy(logits, x),
        )

    at_mean, kl, sampled = (float(term) for term in terms(variables, digits, jax.random.key(0)))
    assert at_mean == pytest.approx(69.165, abs=0.001)
    assert kl == pytest.approx(25.755, abs=0.001)
    assert sampled == pytest.approx(77.43, abs=0.05)
    assert sampled + kl == pytest.approx(103.18, abs=0.05)


IMAGE = jnp.zeros((2, 28, 28, 1))


@pytest.mark.parametrize(
    ("module", "method", "inputs", "message"),
    [
        (DenseAutoencoder(), "encode", (IMAGE[:, 1:],), r"x must have shape \(N, 28, 28, 1\)"),
        (DenseAutoencoder(), "decode", (jnp.zeros((2, 3)),), r"code must have shape \(N, 32\)"),
        (DenseAutoencoder(widths=()), "encode", (IMAGE,), "widths must hold at least"),
        (DenseAutoencoder(widths=(8, 0)), "encode", (IMAGE,), r"widths\[1\] must be at least 1"),
        (DenseAutoencoder(activation="tanh"), "encode", (IMAGE,), "activation must be one of"),
        (DenseAutoencoder(output_activation="relu"), "encode", (IMAGE,), "output_activation must"),
        (DenseAutoencoder(), "encode_until", (IMAGE, 2), r"k must lie in 0 ... 1, got 2"),
        (DenseAutoencoder(), "layer_pair", (IMAGE, 0), r"k must lie in 1 ... 1, got 0"),
        (
            DenseAutoencoder(widths=(8, 4)),
            "layer_pair",
            (jnp.zeros((2, 9)), 2),
            r"activations must have shape \(N, 8\), got \(2, 9\)",
        ),
        (ConvolutionalAutoencoder(), "encode", (IMAGE[..., 0],), "x must have shape"),
        (ConvolutionalAutoencoder(), "decode", (IMAGE,), r"code must have shape \(N, 4, 4, 8\)"),
        (ConvolutionalAutoencoder(features=0), "encode", (IMAGE,), "features must be at least 1"),
        (VAE(), "encode", (IMAGE.astype(int),), "x must be real floating point, got int32"),
        (VAE(), "decode", (jnp.zeros((2, 3)),), r"z must have shape \(N, 20\), got \(2, 3\)"),
        (VAE(latent=0), "encode", (IMAGE,), "latent must be at least 1, got 0"),
    ],
)
def test_rejects_at_trace_time(module, method, inputs, message):
    with pytest.raises(ValueError, match=message):
        module.init(jax.random.key(0), *inputs, method=method)
