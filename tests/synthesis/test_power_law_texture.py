import jax
import numpy as np
import pytest

from imaging_jax.synthesis import power_law_texture


def fitted_exponent(shape, exponent):
    """Least squares of log power on log frequency, over every frequency inside the Nyquist disc."""
    keys = jax.random.split(jax.random.key(0), 64)
    textures = jax.vmap(lambda key: power_law_texture(key, shape, exponent, channels=1))(keys)
    grey = np.asarray(textures[..., 0], np.float64)
    # The linear map to [0, 1] differs between textures; the standard deviation undoes it.
    grey = (grey - grey.mean(axis=(1, 2), keepdims=True)) / grey.std(axis=(1, 2), keepdims=True)
    power = (np.abs(np.fft.fft2(grey)) ** 2).mean(axis=0)
    frequency = np.hypot(np.fft.fftfreq(shape[0])[:, None], np.fft.fftfreq(shape[1]))
    inside = (frequency > 0.03) & (frequency < 0.5)
    return np.polyfit(np.log(frequency[inside]), np.log(power[inside]), 1)[0]


@pytest.mark.parametrize(
    ("shape", "exponent"), [((64, 64), 1.0), ((48, 81), 1.0), ((64, 64), 0.0), ((64, 64), 1.5)]
)
def test_power_falls_with_twice_the_exponent(shape, exponent):
    assert fitted_exponent(shape, exponent) == pytest.approx(-2 * exponent, abs=0.06)


def test_spans_the_unit_range_and_is_made_by_its_key():
    texture = power_law_texture(jax.random.key(1), (33, 20), channels=2)
    assert texture.shape == (33, 20, 2)
    np.testing.assert_allclose(texture.min(axis=(0, 1)), 0, atol=1e-6)
    np.testing.assert_allclose(texture.max(axis=(0, 1)), 1, atol=1e-6)
    again = jax.jit(lambda key: power_law_texture(key, (33, 20), channels=2))(jax.random.key(1))
    np.testing.assert_allclose(again, texture, atol=1e-5)
    assert abs(np.corrcoef(texture[..., 0].ravel(), texture[..., 1].ravel())[0, 1]) < 0.9


def test_rejects_a_shape_without_pixels():
    with pytest.raises(ValueError, match=r"shape must hold at least two pixels, got \(1, 1\)"):
        power_law_texture(jax.random.key(0), (1, 1))
