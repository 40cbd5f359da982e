import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats
from jax.test_util import check_grads

from imaging_jax.losses import (
    binary_cross_entropy,
    error_norm,
    gaussian_kl,
    sparse_kl,
    squared_error,
    sum_of_squares_half,
)

# Two images of three pixels; the errors have lengths 3 and 5.
PREDICTION = jnp.array([[1.0, 2.0, 2.0], [4.0, 5.0, 3.0]]).reshape(2, 1, 3, 1)
TARGET = jnp.array([[0.0, 0.0, 0.0], [4.0, 1.0, 6.0]]).reshape(2, 1, 3, 1)


def test_squared_error_and_its_root():
    assert float(jax.jit(squared_error)(PREDICTION, TARGET)) == 17
    assert float(jax.jit(error_norm)(PREDICTION, TARGET)) == 4
    assert float(sum_of_squares_half(PREDICTION, TARGET)) == 17 / 2


def test_the_norms_gradient_has_length_one_an_image():
    gradient = jax.grad(error_norm)(PREDICTION, TARGET)
    lengths = jnp.array([3.0, 5.0]).reshape(2, 1, 1, 1)
    np.testing.assert_allclose(gradient, (PREDICTION - TARGET) / lengths / 2, rtol=1e-6)
    np.testing.assert_array_equal(jax.grad(error_norm)(TARGET, TARGET), 0)


def test_sparse_kl():
    # Units of mean activation 0.5 and 0.05.
    activations = jnp.array([[0.2, 0.05], [0.8, 0.05]])
    expected = 0.05 * np.log(0.05 / 0.5) + 0.95 * np.log(0.95 / 0.5)
    assert float(sparse_kl(activations, 0.05)) == pytest.approx(expected, rel=1e-5)
    gradient = jax.grad(sparse_kl)(activations, 0.05)
    np.testing.assert_allclose(gradient[:, 0], (-0.05 / 0.5 + 0.95 / 0.5) / 2, rtol=1e-5)
    np.testing.assert_allclose(gradient[:, 1], 0, atol=1e-6)


@pytest.mark.parametrize("activation", [0.0, 1.0])
def test_sparse_kl_of_dead_units_is_finite(activation):
    value, gradient = jax.value_and_grad(sparse_kl)(jnp.full((4, 3), activation))
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()


def test_binary_cross_entropy_sums_over_pixels():
    rng = np.random.default_rng(0)
    probability, target = rng.uniform(0.1, 0.9, (3, 4, 5, 1)), rng.random((3, 4, 5, 1))
    logits = np.log(probability / (1 - probability))
    pixels = -target * np.log(probability) - (1 - target) * np.log(1 - probability)
    found = binary_cross_entropy(jnp.asarray(logits, jnp.float32), jnp.asarray(target, jnp.float32))
    assert float(found) == pytest.approx(pixels.sum() / 3, rel=1e-5)


def test_binary_cross_entropy_of_large_logits_is_finite():
    logits, target = jnp.array([[200.0, -200.0]]), jnp.array([[0.0, 0.0]])
    assert float(binary_cross_entropy(logits, target)) == 200
    np.testing.assert_allclose(jax.grad(binary_cross_entropy)(logits, target), [[1, 0]], atol=1e-6)


def test_gaussian_kl_is_the_expected_log_ratio():
    mean, variance = np.array([[0.3, -1.2], [2.0, 0.0]]), np.array([[0.5, 2.0], [1.0, 0.1]])
    found = gaussian_kl(jnp.asarray(mean), jnp.log(jnp.asarray(variance)))
    x = np.random.default_rng(0).standard_normal((400_000, 1, 1)) * np.sqrt(variance) + mean
    ratio = scipy.stats.norm.logpdf(x, mean, np.sqrt(variance)) - scipy.stats.norm.logpdf(x)
    assert float(found) == pytest.approx(ratio.mean(0).sum() / 2, abs=0.02)
    assert float(gaussian_kl(jnp.zeros((3, 2)), jnp.zeros((3, 2)))) == 0


@pytest.mark.parametrize("loss", [squared_error, error_norm, binary_cross_entropy, gaussian_kl])
def test_gradients(loss, x64):
    first, second = (np.random.default_rng(seed).random((2, 3, 2)) for seed in (0, 1))
    check_grads(loss, (first, second), order=1)


@pytest.mark.parametrize("loss", [squared_error, error_norm, binary_cross_entropy, gaussian_kl])
def test_shapes_must_agree(loss):
    with pytest.raises(ValueError, match=r"two arrays of one shape, got \(2, 1, 3, 1\) and \(1,"):
        loss(PREDICTION, TARGET[:1])
    with pytest.raises(ValueError, match=r"arrays of shape \(N, ...\), got \(3,\)"):
        loss(jnp.zeros(3), jnp.zeros(3))


def test_sparse_kl_rejects():
    with pytest.raises(ValueError, match=r"activations: expected shape \(N, units\)"):
        sparse_kl(jnp.zeros(3))
    with pytest.raises(ValueError, match=r"rho must lie in \(0, 1\), got 1"):
        sparse_kl(jnp.zeros((2, 3)), rho=1)
