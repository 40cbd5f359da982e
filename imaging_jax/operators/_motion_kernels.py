import math
from functools import lru_cache

import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax._counts import check_counts


def motion_kernel(
    size: int, length: float | jax.Array, theta: float | jax.Array = 0.0
) -> jax.Array:
    """The blur of a camera that moves straight and evenly.

    A pixel counts ``max(1 - d, 0)`` where d is its distance from a segment of ``length - 1`` pixels
    around the centre: to its line, or to its end for a pixel as far out as that.

    Args:
      size: of both sides in pixels; the segment is centred, between the pixels of an even kernel.
      length: of the blur in pixels, at least 1.
      theta: angle in radians from the columns' direction (x, to the right), positive towards
        growing row index (y, downwards).

    Returns:
      A kernel ``(size, size)`` with sum 1, differentiable in the other arguments.

    Raises:
      ValueError: where ``size`` isn't positive.

    Weights of MATLAB's ``fspecial("motion")``, whose angle turns the other way.
    """
    check_counts(size=size)
    offsets = jnp.arange(size) - (size - 1) / 2
    y, x = offsets[:, None], offsets[None, :]
    half = (length - 1) / 2
    along = jnp.abs(jnp.cos(theta) * x + jnp.sin(theta) * y)
    across = jnp.abs(jnp.cos(theta) * y - jnp.sin(theta) * x)
    squared = across**2 + (half - along) ** 2
    to_end = jnp.where(squared > 0, jnp.sqrt(jnp.where(squared > 0, squared, 1)), 0)
    at_end = along**2 + across**2 >= half**2
    weights = jnp.maximum(1 - jnp.where(at_end, to_end, across), 0)
    return weights / weights.sum()


def sample_motion_kernel(
    key: jax.Array, size: int, length_scale: float = 0.3, sigma: float = 0.25, points: int = 1000
) -> jax.Array:
    """Draws the blur of a shaking camera: the trace of a smooth random walk.

    Row and column over the time in [0, 1] are independent Gaussian processes with the covariance
    ``sigma² (1 + r + r² / 3) exp(-r)``, ``r = sqrt(5) |t - s| / length_scale`` (Matérn, 5/2), less
    their means; 1 is half the kernel's side. Every point is shared between the four pixels around
    it; points outside go to the edge.

    Args:
      key: of the path.
      size: of both sides in pixels.
      length_scale: time over which the path turns.
      sigma: standard deviation in half sides.
      points: of the path.

    Returns:
      A kernel ``(size, size)`` with sum 1.

    Raises:
      ValueError: where ``size``, ``length_scale``, ``sigma`` or ``points`` isn't positive.

    Schuler, Hirsch, Harmeling, Schölkopf, "Learning to deblur", IEEE TPAMI 38(7), 2016.
    """
    if min(size, points) < 1 or min(length_scale, sigma) <= 0:
        raise ValueError(
            "size, length_scale, sigma, points: expected positive numbers, "
            f"got {size}, {length_scale}, {sigma}, {points}"
        )
    factor = jnp.asarray(_matern_factor(points, length_scale))
    path = sigma * jax.random.normal(key, (2, factor.shape[1])) @ factor.T
    path = path - path.mean(axis=1, keepdims=True)
    place = jnp.clip((path + 1) * (size / 2) - 0.5, 0, size - 1)
    pixels = jnp.arange(size)
    shares = jnp.maximum(1 - jnp.abs(place[:, :, None] - pixels), 0)
    precision = jax.lax.Precision.HIGHEST
    return jnp.einsum("py,px->yx", shares[0], shares[1], precision=precision) / points


@lru_cache(maxsize=8)
def _matern_factor(points, length_scale):
    """(points, rank) whose product with its transpose is the covariance to six digits."""
    times = np.linspace(0, 1, points)
    r = math.sqrt(5) * np.abs(times[:, None] - times) / length_scale
    values, vectors = np.linalg.eigh((1 + r + r**2 / 3) * np.exp(-r))
    kept = np.cumsum(values[::-1]) < (1 - 1e-7) * values.sum()
    rank = int(kept.sum()) + 1
    return (vectors[:, -rank:] * np.sqrt(values[-rank:])).astype(np.float32)
