import functools
from collections.abc import Callable

import jax
import numpy as np

from imaging_jax._counts import check_counts
from imaging_jax._images import as_image
from imaging_jax.transforms._wavelets import (
    COLUMNS,
    ROWS,
    Details,
    Filters,
    pad_periodically,
    wavelet_filters,
    weighted_sum,
)


@functools.partial(jax.jit, static_argnames=("wavelet", "levels"))
def stationary_wavelet_decompose(
    x: jax.Array, wavelet: str = "haar", levels: int = 1
) -> list[jax.Array | Details]:
    """The undecimated periodised wavelet transform of every channel.

    Its coefficients are those of `wavelet_decompose` for all shifts of the image, none left out:
    every ``2**j``-th row and column of level ``j`` is that of the image itself.

    Args:
      x: images ``(..., H, W, C)`` of any size.
      wavelet: as of `wavelet_decompose`.
      levels: at least 1.

    Returns:
      ``[approximation, details of the coarsest level, ..., details of the finest]``: an array of
      the shape of ``x`` and triples of such (high along height; high along width; high along both).

    Raises:
      ValueError: where ``x`` isn't a floating-point image, ``levels`` isn't positive, or there is
        no such wavelet.

    Nason, Silverman, "The stationary wavelet transform and some statistical applications", Wavelets
    and Statistics, 1995.
    """
    x = as_image("x", x)
    check_counts(levels=levels)
    filters = wavelet_filters(wavelet)
    coefficients = []
    for level in range(levels):
        low, high = _split(x, ROWS, filters, 2**level)
        x, low_high = _split(low, COLUMNS, filters, 2**level)
        high_low, high_high = _split(high, COLUMNS, filters, 2**level)
        coefficients.insert(0, (high_low, low_high, high_high))
    return [x, *coefficients]


@functools.partial(jax.jit, static_argnames="wavelet")
def stationary_wavelet_reconstruct(
    coefficients: list[jax.Array | Details], wavelet: str = "haar"
) -> jax.Array:
    """Inverts `stationary_wavelet_decompose`, of changed coefficients by the mean over all shifts.

    Args:
      coefficients: as `stationary_wavelet_decompose` returns them, changed or not.
      wavelet: the same.

    Returns:
      Images ``(..., H, W, C)``.

    Raises:
      ValueError: where the shapes of the coefficients differ, or there is no such wavelet.
    """
    filters = wavelet_filters(wavelet)
    x = as_image("coefficients", coefficients[0])
    levels = len(coefficients) - 1
    for level, details in zip(reversed(range(levels)), coefficients[1:], strict=True):
        shapes = {x.shape, *(np.shape(band) for band in details)}
        if len(details) != 3 or len(shapes) != 1:
            raise ValueError(
                f"coefficients: expected three details of shape {x.shape}, "
                f"got {[np.shape(band) for band in details]}"
            )
        high_low, low_high, high_high = details
        low = _merge(x, low_high, COLUMNS, filters, 2**level)
        high = _merge(high_low, high_high, COLUMNS, filters, 2**level)
        x = _merge(low, high, ROWS, filters, 2**level)
    return x


def _split(x, axis, filters: Filters, spacing: int):
    """``a[n] = sum_j f[j] x[n + spacing (L/2 - j)]`` for both filters, periodically."""
    length = len(filters.decompose_low)
    filtered = _shifted_sums(x, axis, [spacing * (length // 2 - j) for j in range(length)])
    parts = filtered(filters.decompose_low), filtered(filters.decompose_high)
    # Fused into one loop, several levels would compute every coefficient many times over.
    return jax.lax.optimization_barrier(parts)


def _merge(low, high, axis, filters: Filters, spacing: int):
    """``x[n] = 1/2 sum_j r[j] a[n + spacing (L/2 - 1 - j)]`` summed over both filters."""
    length = len(filters.reconstruct_low)
    shifts = [spacing * (length // 2 - 1 - j) for j in range(length)]
    merged = _shifted_sums(low, axis, shifts)(filters.reconstruct_low / 2)
    merged += _shifted_sums(high, axis, shifts)(filters.reconstruct_high / 2)
    return jax.lax.optimization_barrier(merged)


def _shifted_sums(x, axis, shifts) -> Callable[[np.ndarray], jax.Array]:
    reach = max(map(abs, shifts))
    padded = pad_periodically(x, axis, reach)
    starts = [reach + shift for shift in shifts]
    return lambda taps: weighted_sum(padded, axis, taps, starts, x.shape[axis])
