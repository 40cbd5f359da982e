"""ERGAS and the spectral angle against check values and closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from imaging_jax.metrics import average_gradient, ergas, spectral_angle
from tests.metrics.helpers import check_arrays, check_gradient, jit

scored_ergas = jit(ergas, static_argnames=("ratio", "border"))
scored_angle = jit(spectral_angle)


def check_pair(dtype=np.float64):
    A, B, C, D = check_arrays()
    bands = ([A, C, (A + C) / 2], [B, D, (B + D) / 2])
    return tuple(np.concatenate(x, axis=-1).astype(dtype) for x in bands)


def rotated(angle, shape=(4, 5)):
    """Images of two bands whose spectra are ``angle`` radians apart at every pixel."""
    rng = np.random.default_rng(0)
    theta = rng.uniform(0, np.pi / 3, shape)
    lengths = rng.uniform(0.1, 1, (2, *shape))[..., None]
    x, y = (np.stack([np.cos(t), np.sin(t)], axis=-1) for t in (theta, theta + angle))
    return lengths[0] * x, lengths[1] * y


def test_check_values(x64):
    pair = check_pair()
    assert scored_ergas(*pair, ratio=2) == pytest.approx(1.889949, abs=5e-7)
    assert scored_ergas(*pair, ratio=4) == pytest.approx(0.944974, abs=6e-7)
    assert scored_angle(*pair) == pytest.approx(1.366157, abs=5e-7)


def test_check_values_in_float32():
    pair = check_pair(np.float32)
    assert float(scored_ergas(*pair, ratio=2)) == pytest.approx(1.889949, rel=1e-5)
    assert float(scored_angle(*pair)) == pytest.approx(1.366157, rel=1e-5)


def test_scale(x64):
    reference, estimate = check_pair()
    assert scored_ergas(9 * reference, 9 * estimate, ratio=2) == pytest.approx(1.889949, abs=5e-7)
    assert scored_angle(9 * reference, estimate) == pytest.approx(1.366157, abs=5e-7)


def test_ergas_of_a_relative_error_and_a_border(x64):
    # Every pixel of band k is wrong by e_k μ_k: 100 / ratio · root mean square of e.
    mean, error = np.array([0.2, 0.5, 0.9]), np.array([0.1, -0.3, 0.2])
    reference = np.broadcast_to(mean, (7, 6, 3))
    estimate = reference * (1 + error)
    expected = 100 / 4 * np.sqrt(np.mean(error**2))
    assert scored_ergas(reference, estimate, ratio=4) == pytest.approx(expected, rel=1e-12)
    estimate = np.pad(estimate[2:-2, 2:-2], [(2, 2), (2, 2), (0, 0)])
    found = scored_ergas(reference, estimate, ratio=4, border=2)
    assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("angle", [1e-4, 0.3, np.pi / 2, np.pi])
def test_spectral_angle_in_float32(angle):
    pair = (x.astype(np.float32) for x in rotated(angle))
    expected = np.rad2deg(angle)
    assert float(scored_angle(*pair)) == pytest.approx(expected, rel=1e-5, abs=3e-5)


def test_zero_pixels_do_not_count(x64):
    reference, estimate = rotated(0.3)
    reference[0, 0], estimate[1], reference[1, 1] = 0, 0, 0
    assert scored_angle(reference, estimate) == pytest.approx(np.rad2deg(0.3), rel=1e-12)
    assert np.isnan(scored_angle(0 * reference, estimate))


def test_ergas_of_a_band_without_mean():
    reference, estimate = (np.full((4, 4, 3), value, np.float32) for value in (0.5, 0.6))
    reference[..., 1] = 0
    assert scored_ergas(reference, estimate, ratio=2) == np.inf
    assert scored_ergas(reference, reference, ratio=2) == np.inf


def test_gradients(x64):
    rng = np.random.default_rng(0)
    reference, estimate = rng.uniform(0.1, 1, (2, 5, 4, 3))
    for score in (
        lambda x: ergas(reference, x, ratio=2),
        lambda x: spectral_angle(reference, x),
    ):
        check_gradient(score, estimate)


@pytest.mark.parametrize("metric", [lambda x, y: ergas(x, y, ratio=2), spectral_angle])
def test_gradients_stay_finite(metric):
    rng = np.random.default_rng(0)
    reference = rng.uniform(0.1, 1, (5, 4, 3)).astype(np.float32)
    black = reference.copy()
    black[0] = 0
    dark_band = reference * np.float32([1, 0, 1])
    pairs = [(reference, reference), (black, black), (black, reference), (dark_band, reference)]
    references, estimates = map(np.stack, zip(*pairs, strict=True))
    gradients = jit(jax.vmap(jax.grad(metric, (0, 1))))(references, estimates)
    assert all(np.isfinite(gradient).all() for gradient in gradients)


def test_leading_axes():
    references, estimates = np.random.default_rng(0).random((2, 2, 3, 5, 4, 3), np.float32)
    for metric in (lambda x, y: ergas(x, y, ratio=2), spectral_angle):
        got = jit(metric)(references, estimates)
        one_by_one = jit(jax.vmap(jax.vmap(metric)))(references, estimates)
        assert got.shape == (2, 3)
        np.testing.assert_allclose(got, one_by_one, rtol=1e-6)


def test_errors():
    x = jnp.ones((8, 8, 3))
    for metric in (lambda x, y, **kw: ergas(x, y, ratio=2, **kw), spectral_angle):
        with pytest.raises(ValueError, match="estimate: expected the shape of reference"):
            metric(x, x[..., :2])
        with pytest.raises(ValueError, match="border: expected"):
            metric(x, x, border=4)
        with pytest.raises(ValueError, match="got uint8"):
            metric(x.astype(jnp.uint8), x.astype(jnp.uint8))
    with pytest.raises(ValueError, match="ratio: expected a positive number, got 0"):
        ergas(x, x, ratio=0)


def test_what_is_no_number_is_no_perfect_score():
    x = jnp.asarray(np.random.default_rng(0).random((12, 12, 3)), jnp.float32)
    broken = x.at[3, 4, 1].set(jnp.nan)
    assert np.isnan(ergas(x, broken, ratio=4))
    assert np.isnan(spectral_angle(x, broken))
    assert np.isnan(average_gradient(broken))
