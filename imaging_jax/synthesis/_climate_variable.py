import jax
import jax.numpy as jnp

from imaging_jax.synthesis._smooth_fields import smooth_fields

# In K, but the phase, in radians: of the mean over places, the wave of a year and its phase.
_MEAN, _MEAN_SPREAD = 285.0, 4.0
_AMPLITUDE, _AMPLITUDE_SPREAD = 12.0, 2.0
_PHASE_SPREAD = 0.2
# K a year; K of the anomalies, their memory and what is new in them, and of the measurement.
_TREND, _ANOMALY, _MEMORY, _NEW, _NOISE = 0.03, 1.5, 0.6, 0.8, 0.3
# Pixels: standard deviation of the Gaussian by which fields are smooth.
_SMOOTHNESS = 3.0


def climate_variable(key: jax.Array, months: int, shape: tuple[int, int] = (28, 28)) -> jax.Array:
    """Makes monthly images of an essential climate variable, such as surface temperature in K.

    Each place has a mean, one wave a year, a trend of 0.03 K a year, an anomaly that is an AR(1)
    process of smooth fields, and white noise:
    ``x_t = m + A sin(2 pi t / 12 + phase) + 0.03 t / 12 + 1.5 a_t + 0.3 n_t`` with
    ``a_t = 0.6 a_{t-1} + 0.8 s_t``, where m = 285 ± 4, A = 12 ± 2, the phase ± 0.2 and s_t are
    smooth fields, each of mean 0 and deviation 1 over its pixels before it is scaled. A forecast
    by one month can't have a smaller RMSE than ``sqrt(1.2² + 0.3²) = 1.237`` K.

    Args:
        key: random key.
        months: how many images.
        shape: (H, W), at least 2 pixels a side.

    Returns:
        ``(months, H, W, 1)`` in K.

    Raises:
        ValueError: no month, or fewer pixels.
    """
    if months < 1 or min(shape) < 2:
        raise ValueError(f"months and shape must be 1 and (2, 2) at least, got {months}, {shape}")
    place_key, new_key, first_key, noise_key = jax.random.split(key, 4)
    mean, amplitude, phase = smooth_fields(place_key, 3, shape, _SMOOTHNESS)
    mean = _MEAN + _MEAN_SPREAD * mean
    amplitude = _AMPLITUDE + _AMPLITUDE_SPREAD * amplitude
    phase = _PHASE_SPREAD * phase

    def following(anomaly, new):
        anomaly = _MEMORY * anomaly + _NEW * new
        return anomaly, anomaly

    # As spread as those that follow: 0.6² + 0.8² = 1.
    first = smooth_fields(first_key, 1, shape, _SMOOTHNESS)[0]
    new = smooth_fields(new_key, months, shape, _SMOOTHNESS)
    _, anomalies = jax.lax.scan(following, first, new)
    time = jnp.arange(months)[:, None, None] / 12
    season = amplitude * jnp.sin(2 * jnp.pi * time + phase)
    noise = _NOISE * jax.random.normal(noise_key, (months, *shape))
    values = mean + season + _TREND * time + _ANOMALY * anomalies + noise
    return values[..., None]
