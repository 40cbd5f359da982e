import jax
import jax.numpy as jnp

from imaging_jax.metrics._pairs import shaved_pair
from imaging_jax.metrics._safe_sqrt import safe_sqrt


def ergas(reference: jax.Array, estimate: jax.Array, *, ratio: float, border: int = 0) -> jax.Array:
    """Relative dimensionless global error in synthesis ERGAS; smaller is better.

    ``100 / ratio · sqrt(mean over bands of (RMSE / μ)²)``, μ the mean of the reference's band. Some
    programs multiply by the ratio instead.

    Args:
      reference: ``(..., H, W, bands)``.
      estimate: the same shape.
      ratio: how many times finer the pixels are than those of the low-resolution bands, such as 4.
      border: pixels left out on every side.

    Returns:
      ``(...)``; infinite where a band of the reference has the mean 0. The gradient is 0 where the
      images are equal.

    Raises:
      ValueError: where the shapes differ, the images aren't real floating point, nothing is left
        within ``border``, or ``ratio`` isn't positive.

    Wald, "Quality of high resolution synthesised images: is there a simple criterion?", Fusion of
    Earth Data 2000; there h / l = 1 / ratio.
    """
    if not ratio > 0:
        raise ValueError(f"ratio: expected a positive number, got {ratio}")
    reference, estimate = shaved_pair(reference, estimate, border)
    mse = jnp.mean((reference - estimate) ** 2, axis=(-3, -2))
    mean = jnp.mean(reference, axis=(-3, -2))
    # The inner `where` keeps the division by 0 out of the gradient.
    relative = mse / jnp.where(mean == 0, 1, mean) ** 2
    error = 100 / ratio * safe_sqrt(jnp.mean(relative, axis=-1))
    return jnp.where(jnp.any(mean == 0, axis=-1), jnp.inf, error)


def spectral_angle(reference: jax.Array, estimate: jax.Array, *, border: int = 0) -> jax.Array:
    """Spectral angle SAM between the pixels' spectra, in degrees; smaller is better.

    The mean over the pixels; a pixel that is 0 in all bands of either image has no direction and
    doesn't count.

    Args:
      reference: ``(..., H, W, bands)``, at any scale.
      estimate: the same shape.
      border: pixels left out on every side.

    Returns:
      ``(...)``, 0 to 180; NaN where no pixel counts. The gradient is 0 where the spectra are
      parallel.

    Raises:
      ValueError: where the shapes differ, the images aren't real floating point, or nothing is
        left within ``border``.

    Kruse et al., "The spectral image processing system (SIPS)", Remote Sensing of Environment 44,
    1993.
    """
    reference, estimate = shaved_pair(reference, estimate, border)
    norms = _norm(reference), _norm(estimate)
    counts = (norms[0] != 0) & (norms[1] != 0)
    x, y = (
        image / jnp.where(norm > 0, norm, 1)[..., None]
        for image, norm in zip((reference, estimate), norms, strict=True)
    )
    # Kahan's form of arccos<x, y>, which loses the digits of small angles and has no derivative
    # at 0. The inner `where` keeps the angle between two zeros out of the gradient.
    halves = jnp.atan2(_norm(x - y), jnp.where(counts, _norm(x + y), 1))
    angles = jnp.where(counts, 2 * halves, 0)
    return jnp.rad2deg(jnp.sum(angles, axis=(-2, -1)) / jnp.sum(counts, axis=(-2, -1)))


def _norm(x):
    return safe_sqrt(jnp.sum(x**2, axis=-1))
