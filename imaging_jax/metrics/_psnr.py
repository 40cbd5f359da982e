import jax
import jax.numpy as jnp

from imaging_jax.metrics._pairs import shaved_pair


def psnr(
    reference: jax.Array, estimate: jax.Array, *, data_range: float = 1.0, border: int = 0
) -> jax.Array:
    """Peak signal-to-noise ratio, ``10 log10(data_range² / MSE)``.

    The mean squared error is over pixels and channels of one image.

    Args:
      reference: ``(..., H, W, C)``.
      estimate: the same shape.
      data_range: the peak, 1 for images in [0, 1].
      border: pixels left out on every side.

    Returns:
      ``(...)`` in dB; infinite where the images are equal.

    Raises:
      ValueError: where the shapes differ, the images aren't real floating point, or nothing is
        left within ``border``.
    """
    reference, estimate = shaved_pair(reference, estimate, border)
    mse = jnp.mean((reference - estimate) ** 2, axis=(-3, -2, -1))
    return 10 * jnp.log10(data_range**2 / mse)
