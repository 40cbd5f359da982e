import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pywt

from imaging_jax._images import as_image

ROWS, COLUMNS = -3, -2

Details = tuple[jax.Array, jax.Array, jax.Array]


@functools.partial(jax.jit, static_argnames=("wavelet", "levels"))
def wavelet_decompose(
    x: jax.Array, wavelet: str = "haar", levels: int = 1
) -> list[jax.Array | Details]:
    """The periodised discrete wavelet transform of every channel.

    Orthonormal for orthogonal wavelets, so that `wavelet_reconstruct` is the adjoint; for
    biorthogonal ones only its inverse.

    Args:
      x: images ``(..., H, W, C)``, height and width divisible by ``2**levels``.
      wavelet: name of a discrete wavelet as PyWavelets writes it: ``"haar"``, ``"db4"``,
        ``"bior4.4"``.
      levels: at least 1.

    Returns:
      ``[approximation, details of the coarsest level, ..., details of the finest]``: an array
      ``(..., H / 2**levels, W / 2**levels, C)`` and triples (high along height; high along width;
      high along both). Order, signs and positions are those of ``pywt.wavedec2`` with
      ``mode="periodization"``.

    Raises:
      ValueError: where ``x`` isn't a floating-point image of such a size, ``levels`` isn't
        positive, or there is no such wavelet.

    Mallat, "A theory for multiresolution signal decomposition", IEEE TPAMI 1989.
    """
    x = as_image("x", x)
    filters = wavelet_filters(wavelet)
    _check_levels(x, levels)
    coefficients = []
    for _ in range(levels):
        x, *details = _analyse(x, filters)
        coefficients.insert(0, tuple(details))
    return [x, *coefficients]


@functools.partial(jax.jit, static_argnames="wavelet")
def wavelet_reconstruct(
    coefficients: list[jax.Array | Details], wavelet: str = "haar"
) -> jax.Array:
    """Inverts `wavelet_decompose`.

    Args:
      coefficients: as `wavelet_decompose` returns them.
      wavelet: the same.

    Returns:
      Images ``(..., H, W, C)``.

    Raises:
      ValueError: where the shapes of the coefficients don't follow each other, or there is no such
        wavelet.
    """
    filters = wavelet_filters(wavelet)
    x = as_image("coefficients", coefficients[0])
    for details in coefficients[1:]:
        shapes = {x.shape, *(np.shape(band) for band in details)}
        if len(details) != 3 or len(shapes) != 1:
            raise ValueError(
                f"coefficients: expected three details of shape {x.shape}, "
                f"got {[np.shape(band) for band in details]}"
            )
        x = _synthesise(x, *details, filters)
    return x


@functools.partial(jax.jit, static_argnames=("wavelet", "levels"))
def wavelet_packet(x: jax.Array, wavelet: str = "haar", levels: int = 1) -> jax.Array:
    """The full periodised wavelet packet: every sub-band split again, ``levels`` times.

    Args:
      x: images ``(..., H, W, C)``, height and width divisible by ``2**levels``.
      wavelet: as of `wavelet_decompose`.
      levels: at least 1.

    Returns:
      ``(..., H / 2**levels, W / 2**levels, 4**levels C)``. Channel ``band * C + c`` is sub-band
      ``band`` of channel ``c``. The digits of ``band`` to base 4 say how it was split, the last
      (coarsest) split first: 0 low, 1 high along width, 2 high along height, 3 high along both.

    Raises:
      ValueError: as `wavelet_decompose`.
    """
    x = as_image("x", x)
    filters = wavelet_filters(wavelet)
    _check_levels(x, levels)
    for _ in range(levels):
        low, high_rows, high_columns, high_both = _analyse(x, filters)
        x = jnp.concatenate([low, high_columns, high_rows, high_both], axis=-1)
    return x


@functools.partial(jax.jit, static_argnames=("wavelet", "levels"))
def inverse_wavelet_packet(
    coefficients: jax.Array, wavelet: str = "haar", levels: int = 1
) -> jax.Array:
    """Inverts `wavelet_packet`.

    Args:
      coefficients: ``(..., H, W, 4**levels C)``.
      wavelet: the same.
      levels: the same.

    Returns:
      Images ``(..., 2**levels H, 2**levels W, C)``.

    Raises:
      ValueError: where ``4**levels`` doesn't divide the channels, ``levels`` isn't positive, or
        there is no such wavelet.
    """
    x = as_image("coefficients", coefficients)
    filters = wavelet_filters(wavelet)
    if levels < 1 or x.shape[-1] % 4**levels:
        raise ValueError(
            f"coefficients: expected a multiple of 4**levels channels and levels >= 1, "
            f"got {x.shape} and levels={levels}"
        )
    for _ in range(levels):
        low, high_columns, high_rows, high_both = jnp.split(x, 4, axis=-1)
        x = _synthesise(low, high_rows, high_columns, high_both, filters)
    return x


class Filters(NamedTuple):
    decompose_low: np.ndarray
    decompose_high: np.ndarray
    reconstruct_low: np.ndarray
    reconstruct_high: np.ndarray


def wavelet_filters(wavelet: str) -> Filters:
    if wavelet not in pywt.wavelist(kind="discrete"):
        raise ValueError(
            f"wavelet: expected a discrete wavelet such as 'haar', 'db4' or 'bior4.4', "
            f"got {wavelet!r}"
        )
    return Filters(*map(np.asarray, pywt.Wavelet(wavelet).filter_bank))


def _analyse(x, filters: Filters):
    """One level: low, high along height, high along width, high along both."""
    low, high = _split(x, ROWS, filters)
    low_low, low_high = _split(low, COLUMNS, filters)
    high_low, high_high = _split(high, COLUMNS, filters)
    return low_low, high_low, low_high, high_high


def _synthesise(low_low, high_low, low_high, high_high, filters: Filters):
    low = _merge(low_low, low_high, COLUMNS, filters)
    high = _merge(high_low, high_high, COLUMNS, filters)
    return _merge(low, high, ROWS, filters)


def _split(x, axis, filters: Filters):
    """``a[k] = sum_j f[j] x[2k + L/2 - j]`` for the low and the high filter, periodically."""
    length, size = len(filters.decompose_low), x.shape[axis]
    reach = length // 2 - 1
    padded = pad_periodically(x, axis, reach)

    def filtered(taps):
        starts = (reach + length // 2 - j for j in range(length))
        return weighted_sum(padded, axis, taps, starts, size // 2, stride=2)

    parts = filtered(filters.decompose_low), filtered(filters.decompose_high)
    # Fused into one loop, several levels would compute every coefficient many times over.
    return jax.lax.optimization_barrier(parts)


def _merge(low, high, axis, filters: Filters):
    """``x[n] = sum_k r[n - 2k + L/2 - 1] a[k]`` summed over both filters, periodically."""
    length, size = len(filters.reconstruct_low), low.shape[axis]
    reach = length // 4 + 1
    bands = [
        (pad_periodically(low, axis, reach), filters.reconstruct_low),
        (pad_periodically(high, axis, reach), filters.reconstruct_high),
    ]
    phases = []
    for phase in (0, 1):
        # With n = 2m + phase, the tap of index j meets the coefficient k = m + (last - j) / 2.
        last = phase + length // 2 - 1
        indices = range(last % 2, length, 2)
        starts = [reach + (last - j) // 2 for j in indices]
        phases.append(
            sum(weighted_sum(band, axis, taps[last % 2 :: 2], starts, size) for band, taps in bands)
        )
    phases = jax.lax.optimization_barrier(phases)
    interleaved = jnp.stack(phases, axis=axis % low.ndim + 1)
    shape = list(low.shape)
    shape[axis] = 2 * size
    return interleaved.reshape(shape)


def weighted_sum(x, axis, taps, starts, size, stride=1):
    """Shifted copies in place of a convolution: they fuse, and XLA's is slow for one channel."""
    axis %= x.ndim
    total = 0
    for tap, start in zip(taps, starts, strict=True):
        if tap:
            stop = start + stride * (size - 1) + 1
            total += float(tap) * jax.lax.slice_in_dim(x, start, stop, stride, axis)
    return total


def pad_periodically(x, axis, reach):
    padding = [(0, 0)] * x.ndim
    padding[axis] = (reach, reach)
    return jnp.pad(x, padding, mode="wrap")


def _check_levels(x, levels):
    if levels < 1:
        raise ValueError(f"levels: expected at least 1, got {levels}")
    if any(size % 2**levels for size in x.shape[-3:-1]):
        raise ValueError(
            f"x: expected height and width divisible by 2**levels = {2**levels}, got {x.shape}"
        )
