"""The colour image of a hyperspectral cube, as a camera with a smooth response takes it."""

import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax.operators import round_to_8bit

# In nm: the ends of the bands' range; peaks of red, green and blue; their standard deviation.
_RANGE = (400.0, 700.0)
_PEAKS = (600.0, 540.0, 460.0)
_WIDTH = 35.0
_GAMMA = 2.2


def response(bands: int) -> np.ndarray:
    """What red, green and blue see of bands spread evenly over 400 to 700 nm.

    Args:
      bands: their number, at least 1.

    Returns:
      ``(bands, 3)`` in float64: Gaussians around 600, 540 and 460 nm with a standard deviation of
      35 nm, whose sums over the bands are 1.
    """
    wavelengths = np.linspace(*_RANGE, bands)[:, None]
    weights = np.exp(-0.5 * ((wavelengths - np.asarray(_PEAKS)) / _WIDTH) ** 2)
    return weights / weights.sum(axis=0)


def colour_image(cubes: jax.Array) -> jax.Array:
    """The 8-bit colour image of cubes: `response`, a gamma of 1/2.2, rounding.

    Args:
      cubes: ``(..., H, W, bands)`` in [0, 1]; a white one gives white.

    Returns:
      ``(..., H, W, 3)`` in [0, 1], of levels k/255.
    """
    weights = jnp.asarray(response(cubes.shape[-1]), cubes.dtype)
    linear = jnp.matmul(cubes, weights, precision="highest")
    return round_to_8bit(jnp.maximum(linear, 0) ** (1 / _GAMMA))
