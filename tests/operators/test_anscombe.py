"""Variance stabilisation against sums over the distributions themselves."""

import jax
import numpy as np
import pytest
import scipy.stats

from imaging_jax.operators import (
    anscombe,
    generalized_anscombe,
    inverse_anscombe,
    inverse_generalized_anscombe,
)

# The fact sheet's table: rate, mean, variance, then the inverses of the mean.
POISSON = [
    (0.1, 1.334913, 0.118008, 0.07050, 0.32050, 0.10004),
    (0.5, 1.741587, 0.466875, 0.38328, 0.63328, 0.50067),
    (1, 2.186906, 0.717443, 0.82064, 1.07064, 0.99633),
    (2, 2.928430, 0.924297, 1.76893, 2.01893, 1.99363),
    (5, 4.527448, 1.002213, 4.74945, 4.99945, 5.00824),
    (10, 6.363890, 1.000910, 9.74977, 9.99977, 10.01690),
    (30, 10.977246, 1.000077, 29.74998, 29.99998, 30.01704),
]

# gain, sigma, rate; mean and variance by scipy.integrate.quad, split where the root begins; then a
# transformed value and the fact sheet's inverse of it.
POISSON_GAUSSIAN = [
    (0.1, 0.05, 20, 9.027705, 1.000537, 9.027705, 2.00180),
    (0.02, 0.02, 10, 6.670333, 1.006676, 6.670333, 0.20032),
    (0.5, 0.5, 4, 4.522947, 1.046706, 4.523055, 1.99913),
]


@pytest.mark.parametrize(("rate", "mean", "variance", "algebraic", "asymptotic", "exact"), POISSON)
def test_poisson(rate, mean, variance, algebraic, asymptotic, exact, x64):
    counts = np.arange(200.0)
    weights = scipy.stats.poisson(rate).pmf(counts)
    values = anscombe(counts)
    found = float(weights @ values)
    assert found == pytest.approx(mean, abs=6e-7)
    assert float(weights @ (values - found) ** 2) == pytest.approx(variance, abs=6e-7)
    assert float(inverse_anscombe(found, "algebraic")) == pytest.approx(algebraic, abs=6e-6)
    assert float(inverse_anscombe(found, "asymptotic")) == pytest.approx(asymptotic, abs=6e-6)
    assert float(inverse_anscombe(found)) == pytest.approx(exact, abs=6e-6)


@pytest.mark.parametrize(
    ("gain", "sigma", "rate", "mean", "variance", "value", "inverse"), POISSON_GAUSSIAN
)
def test_poisson_gaussian(gain, sigma, rate, mean, variance, value, inverse, x64):
    counts = np.arange(100.0)[:, None]
    normal, step = np.linspace(-9, 9, 20001, retstep=True)
    weights = scipy.stats.poisson(rate).pmf(counts) * scipy.stats.norm.pdf(normal) * step
    values = generalized_anscombe(gain * counts + sigma * normal, gain, sigma)
    found = float(np.sum(weights * values))
    assert found == pytest.approx(mean, abs=6e-7)
    assert float(np.sum(weights * (values - found) ** 2)) == pytest.approx(variance, abs=6e-7)
    found = float(inverse_generalized_anscombe(value, gain, sigma))
    assert found == pytest.approx(inverse, abs=6e-6)


def test_a_mean_of_the_read_noise_only_moves_the_values(x64):
    x = np.array([0.3, 1.2])
    moved = generalized_anscombe(x + 0.7, 0.1, 0.05, 0.7)
    np.testing.assert_allclose(moved, generalized_anscombe(x, 0.1, 0.05), rtol=1e-12)
    back = inverse_generalized_anscombe(moved, 0.1, 0.05, 0.7)
    wanted = inverse_generalized_anscombe(moved, 0.1, 0.05) + 0.7
    np.testing.assert_allclose(back, wanted, rtol=1e-12)


def test_ends_of_the_range(x64):
    np.testing.assert_array_equal(anscombe(np.array([-1.0, -0.375])), 0)
    assert jax.grad(lambda x: anscombe(x))(-0.375) == 0
    np.testing.assert_array_equal(inverse_anscombe(np.array([0.0, 1.2])), 0)
    assert np.isfinite(jax.grad(lambda y: inverse_anscombe(y))(0.0))
    with pytest.raises(ValueError, match="inverse: expected 'algebraic'"):
        inverse_anscombe(1.0, "biased")
