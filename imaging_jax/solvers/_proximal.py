import jax
import jax.numpy as jnp

from imaging_jax.transforms import (
    dct2,
    idct2,
    soft_threshold,
    stationary_wavelet_decompose,
    stationary_wavelet_reconstruct,
    wavelet_decompose,
    wavelet_reconstruct,
)


def project_nonnegative(x: jax.Array, step: float | jax.Array = 0.0) -> jax.Array:
    """Projects onto values that aren't negative, a proximal map whose step doesn't matter.

    Args:
      x: real, any shape.
      step: unused.

    Returns:
      ``max(x, 0)``.
    """
    del step
    return jnp.maximum(x, 0)


def project_box(
    x: jax.Array,
    step: float | jax.Array = 0.0,
    lower: float | jax.Array = 0.0,
    upper: float | jax.Array = 1.0,
) -> jax.Array:
    """Projects onto values in [lower, upper], a proximal map whose step doesn't matter.

    Args:
      x: real, any shape.
      step: unused.
      lower: broadcasts against ``x``.
      upper: broadcasts against ``x``, at least ``lower``.

    Returns:
      ``clip(x, lower, upper)``.
    """
    del step
    return jnp.clip(x, lower, upper)


def wavelet_proximal(
    x: jax.Array, step: float | jax.Array, wavelet: str = "db4", levels: int = 3
) -> jax.Array:
    """The proximal map of the sum of magnitudes of the wavelet details, of an orthogonal wavelet.

    Of a biorthogonal wavelet it is shrinkage, but no proximal map.

    Args:
      x: images ``(..., H, W, C)``, height and width divisible by ``2**levels``.
      step: threshold, not negative.
      wavelet: as of `wavelet_decompose`.
      levels: at least 1.

    Returns:
      Images ``(..., H, W, C)``.

    Raises:
      ValueError: as `wavelet_decompose`.
    """
    approximation, *details = wavelet_decompose(x, wavelet, levels)
    details = jax.tree.map(lambda band: soft_threshold(band, step), details)
    return wavelet_reconstruct([approximation, *details], wavelet)


def translation_invariant_wavelet_proximal(
    x: jax.Array, step: float | jax.Array, wavelet: str = "db4", levels: int = 3
) -> jax.Array:
    """The mean of `wavelet_proximal` over all shifts of the image, by the undecimated transform.

    A proximal map as well, of the proximal average of the shifted penalties, where the wavelet is
    orthogonal.

    Args:
      x: images ``(..., H, W, C)`` of any size; shifts are periodic.
      step: threshold, not negative.
      wavelet: as of `wavelet_decompose`.
      levels: at least 1.

    Returns:
      Images ``(..., H, W, C)``.

    Raises:
      ValueError: as `stationary_wavelet_decompose`.

    Coifman, Donoho, "Translation-invariant de-noising", Wavelets and Statistics, 1995.
    """
    approximation, *details = stationary_wavelet_decompose(x, wavelet, levels)
    details = jax.tree.map(lambda band: soft_threshold(band, step), details)
    return stationary_wavelet_reconstruct([approximation, *details], wavelet)


def dct_proximal(x: jax.Array, step: float | jax.Array) -> jax.Array:
    """The proximal map of the sum of magnitudes of the DCT coefficients but the mean's.

    Args:
      x: real images ``(..., H, W, C)``.
      step: threshold, not negative.

    Returns:
      Images ``(..., H, W, C)``.

    Raises:
      ValueError: as `dct2`.
    """
    coefficients = dct2(x)
    shrunk = soft_threshold(coefficients, step)
    return idct2(shrunk.at[..., 0, 0, :].set(coefficients[..., 0, 0, :]))


def singular_value_threshold(x: jax.Array, step: float | jax.Array) -> jax.Array:
    """The proximal map of the nuclear norm: soft-thresholds the singular values.

    Args:
      x: matrices ``(..., M, N)``, real or complex.
      step: threshold, not negative.

    Returns:
      Matrices ``(..., M, N)``.

    Raises:
      ValueError: where ``x`` isn't a floating-point matrix.

    Cai, Candès, Shen, "A singular value thresholding algorithm for matrix completion", SIAM J.
    Optimization 2010, theorem 2.1.
    """
    return threshold_singular_values(x, step)[0]


def threshold_singular_values(x, step, rank=None):
    """`singular_value_threshold` keeping at most ``rank`` values, and how many it kept."""
    x = as_matrix("x", x)
    u, s, vh = jnp.linalg.svd(x, full_matrices=False)
    s = soft_threshold(s, step)
    if rank is not None:
        s = s.at[..., rank:].set(0)
    product = jnp.matmul(u * s[..., None, :], vh, precision=jax.lax.Precision.HIGHEST)
    return product, jnp.sum(s > 0, axis=-1)


def as_matrix(name: str, x: jax.Array) -> jax.Array:
    """Returns ``x`` as a jax array; ValueError unless it is a floating-point ``(..., M, N)``."""
    x = jnp.asarray(x)
    if x.ndim < 2 or 0 in x.shape[-2:] or not jnp.issubdtype(x.dtype, jnp.inexact):
        raise ValueError(
            f"{name}: expected a floating-point matrix (..., M, N), got {x.dtype} of shape "
            f"{x.shape}"
        )
    return x
