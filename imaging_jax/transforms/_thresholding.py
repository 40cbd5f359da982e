import math

import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax._images import as_image
from imaging_jax.transforms._wavelets import wavelet_decompose, wavelet_reconstruct

# Of the standard normal distribution: the median of |n|.
_NORMAL_MEDIAN = 0.6744897501960817


def soft_threshold(x: jax.Array, threshold: float | jax.Array) -> jax.Array:
    """Shrinks magnitudes by a threshold, ``sign(x) max(|x| - threshold, 0)``.

    Args:
      x: any array; of complex values the phase is kept.
      threshold: not negative, broadcasts against ``x``.

    Returns:
      An array of the shape of ``x``.

    Donoho, "De-noising by soft-thresholding", IEEE Trans. Information Theory 1995.
    """
    x = jnp.asarray(x)
    if not jnp.iscomplexobj(x):
        return x - jnp.clip(x, -threshold, threshold)
    magnitude = jnp.abs(x)
    kept = magnitude > threshold
    return jnp.where(kept, x * (1 - threshold / jnp.where(kept, magnitude, 1)), 0)


def estimate_noise(x: jax.Array, wavelet: str = "db2") -> jax.Array:
    """Estimates the standard deviation of white noise from the finest diagonal details.

    ``sigma = median |d| / 0.6745``, for every channel.

    Args:
      x: images ``(..., H, W, C)`` with even height and width.
      wavelet: as of `wavelet_decompose`.

    Returns:
      ``(..., C)``, in the units of ``x``.

    Raises:
      ValueError: as `wavelet_decompose`.

    Donoho, Johnstone, "Ideal spatial adaptation by wavelet shrinkage", Biometrika 1994.
    """
    diagonal = wavelet_decompose(x, wavelet)[-1][2]
    return jnp.median(jnp.abs(diagonal), axis=(-3, -2)) / _NORMAL_MEDIAN


def visu_shrink(
    x: jax.Array, sigma: float | jax.Array, wavelet: str = "db2", levels: int = 3
) -> jax.Array:
    """Denoises by soft-thresholding wavelet details at the universal ``sigma sqrt(2 ln(H W))``.

    Args:
      x: real images ``(..., H, W, C)``, height and width divisible by ``2**levels``.
      sigma: standard deviation of the noise; a number, or ``(..., C)`` as of `estimate_noise`.
      wavelet: as of `wavelet_decompose`.
      levels: at least 1.

    Returns:
      Images ``(..., H, W, C)``.

    Raises:
      ValueError: as `wavelet_decompose`.

    Donoho, Johnstone, "Ideal spatial adaptation by wavelet shrinkage", Biometrika 1994.
    """
    x = as_image("x", x)
    threshold = _per_channel(sigma) * math.sqrt(2 * math.log(x.shape[-3] * x.shape[-2]))
    return _shrink(x, wavelet, levels, lambda band: threshold)


def bayes_shrink(
    x: jax.Array, sigma: float | jax.Array, wavelet: str = "db2", levels: int = 3
) -> jax.Array:
    """Denoises by soft-thresholding each wavelet band at ``sigma² / sqrt(var(band) - sigma²)``.

    A band whose variance is that of the noise is set to 0.

    Args:
      x: real images ``(..., H, W, C)``, height and width divisible by ``2**levels``.
      sigma: standard deviation of the noise; a number, or ``(..., C)`` as of `estimate_noise`.
      wavelet: as of `wavelet_decompose`.
      levels: at least 1.

    Returns:
      Images ``(..., H, W, C)``.

    Raises:
      ValueError: as `wavelet_decompose`.

    Chang, Yu, Vetterli, "Adaptive wavelet thresholding for image denoising and compression", IEEE
    Trans. Image Processing 2000.
    """
    x = as_image("x", x)
    variance = _per_channel(sigma) ** 2

    def threshold(band):
        signal = jnp.mean(band**2, axis=(-3, -2), keepdims=True) - variance
        # Bands without signal: a threshold that nothing passes.
        largest = jnp.max(jnp.abs(band), axis=(-3, -2), keepdims=True)
        tiny = jnp.finfo(band.dtype).eps * variance + jnp.finfo(band.dtype).tiny
        return jnp.where(signal > tiny, variance / jnp.sqrt(jnp.maximum(signal, tiny)), largest)

    return _shrink(x, wavelet, levels, threshold)


def _shrink(x, wavelet, levels, threshold):
    approximation, *details = wavelet_decompose(x, wavelet, levels)
    details = jax.tree.map(lambda band: soft_threshold(band, threshold(band)), details)
    return wavelet_reconstruct([approximation, *details], wavelet)


def _per_channel(sigma):
    """Lets ``(..., C)`` broadcast against ``(..., H, W, C)``."""
    return jnp.asarray(sigma)[..., None, None, :] if np.ndim(sigma) else sigma
