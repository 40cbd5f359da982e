from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax._images import as_image
from imaging_jax.transforms._color import luminance

_LEVELS, _BLOCKS = 4, 8
_RINGS, _SECTORS = 8, 6
_SCALES, _ORIENTATIONS = 5, 8
_FILTERS, _FILTER_SIDE, _FILTER_SEED, _GRID = 32, 5, 0, 4


def colour_statistics(x: jax.Array) -> jax.Array:
    """Means and standard deviations of the channels: ``(..., H, W, C) -> (..., 2 C)``."""
    x = as_image("x", x, real=True)
    return jnp.concatenate([jnp.mean(x, (-3, -2)), jnp.std(x, (-3, -2))], axis=-1)


def colour_histogram(x: jax.Array) -> jax.Array:
    """Shares of the pixels in 4x4x4 equal cells of the RGB cube.

    Args:
      x: ``(..., H, W, 3)`` in [0, 1].

    Returns:
      ``(..., 64)``, which add up to 1.

    Raises:
      ValueError: where ``x`` isn't a real image of three channels.

    Source: Swain, Ballard, "Color indexing", IJCV 7, 1991.
    """
    x = as_image("x", x, real=True)
    if x.shape[-1] != 3:
        raise ValueError(f"x: expected (..., H, W, 3), got {x.shape}")
    cells = jnp.clip(jnp.floor(x * _LEVELS), 0, _LEVELS - 1)
    index = (cells[..., 0] * _LEVELS + cells[..., 1]) * _LEVELS + cells[..., 2]
    members = index[..., None] == jnp.arange(_LEVELS**3)
    return jnp.mean(members.astype(x.dtype), axis=(-3, -2))


def hellinger_histogram(x: jax.Array) -> jax.Array:
    """Roots of `colour_histogram`, whose distance is Hellinger's: unit vectors ``(..., 64)``."""
    return jnp.sqrt(colour_histogram(x))


def reduced_pixels(x: jax.Array) -> jax.Array:
    """Means of 8x8 equal blocks: ``(..., H, W, C) -> (..., 64 C)``.

    Raises:
      ValueError: where ``x`` isn't a real image whose sides are multiples of 8.
    """
    x = as_image("x", x, real=True)
    *leading, height, width, channels = x.shape
    if height % _BLOCKS or width % _BLOCKS:
        raise ValueError(f"x: expected sides that are multiples of {_BLOCKS}, got {x.shape}")
    blocks = x.reshape(*leading, _BLOCKS, height // _BLOCKS, _BLOCKS, width // _BLOCKS, channels)
    return jnp.mean(blocks, axis=(-4, -2)).reshape(*leading, -1)


def log_spectrum(x: jax.Array) -> jax.Array:
    """Mean logarithms of the amplitudes of the Fourier transform in 8 rings and 6 sectors.

    Args:
      x: ``(..., H, W, 1 or 3)``, of which the luminance counts.

    Returns:
      ``(..., 48)``, their mean subtracted: brightness and contrast don't count.

    Raises:
      ValueError: where ``x`` isn't a real image.
    """
    grey = _grey(x)
    power = jnp.log(jnp.abs(jnp.fft.fft2(grey - jnp.mean(grey, (-2, -1), keepdims=True))) + 1e-6)
    members = jnp.asarray(_spectral_cells(grey.shape[-2:]), power.dtype)
    cells = power.reshape(*power.shape[:-2], -1) @ members
    filled = jnp.any(members > 0, axis=0)
    mean = jnp.sum(cells, axis=-1, keepdims=True) / jnp.sum(filled)
    # Of a small image, some cells hold no frequency.
    return jnp.where(filled, cells - mean, 0)


def gabor_statistics(x: jax.Array) -> jax.Array:
    """Means and standard deviations of the answers to Gabor filters of 5 scales and 8 orientations.

    Filters lie in the Fourier domain, an octave apart from a quarter of the sampling rate down.

    Args:
      x: ``(..., H, W, 1 or 3)``, of which the luminance counts.

    Returns:
      ``(..., 80)``.

    Raises:
      ValueError: where ``x`` isn't a real image.

    Source: Manjunath, Ma, "Texture features for browsing and retrieval of image data", IEEE TPAMI
    18(8), 1996.
    """
    grey = _grey(x)
    filters = jnp.asarray(_gabor_filters(grey.shape[-2:]), grey.dtype)
    spectrum = jnp.fft.fft2(grey)
    answers = jnp.abs(jnp.fft.ifft2(spectrum[..., None, :, :] * filters))
    return jnp.concatenate([jnp.mean(answers, (-2, -1)), jnp.std(answers, (-2, -1))], axis=-1)


def random_convolutions(x: jax.Array) -> jax.Array:
    """Mean rectified answers to 32 random 5x5 filters whose weights add up to 0.

    Args:
      x: ``(..., H, W, 1 or 3)``, of which the luminance counts.

    Returns:
      Unit vectors ``(..., 32)``.

    Raises:
      ValueError: where ``x`` isn't a real image of 5 pixels a side at least.
    """
    means = jnp.mean(_random_answers(x), axis=(-2, -1))
    norm = jnp.linalg.norm(means, axis=-1, keepdims=True)
    return means / jnp.where(norm > 0, norm, 1)


def plain_pixels(x: jax.Array) -> jax.Array:
    """All numbers of an image: ``(..., H, W, C) -> (..., H W C)``."""
    x = as_image("x", x, real=True)
    return x.reshape(*x.shape[:-3], -1)


def random_features(x: jax.Array) -> jax.Array:
    """Rectified answers to 32 random 5x5 filters, averaged over a quarter of each side.

    As `random_convolutions`, but it keeps where things are.

    Args:
      x: ``(..., H, W, 1 or 3)``, of which the luminance counts.

    Returns:
      ``(..., 512)``.

    Raises:
      ValueError: where ``x`` isn't a real image of 8 pixels a side at least.
    """
    answers = _random_answers(x)
    *leading, filters, height, width = answers.shape
    rows, columns = height // _GRID, width // _GRID
    if not rows or not columns:
        raise ValueError(f"x: expected 8 pixels a side at least, got {np.shape(x)}")
    cut = answers[..., : rows * _GRID, : columns * _GRID]
    cells = cut.reshape(*leading, filters, _GRID, rows, _GRID, columns)
    return jnp.mean(cells, axis=(-3, -1)).reshape(*leading, -1)


DESCRIPTORS: dict[str, Callable[[jax.Array], jax.Array]] = {
    "colour_histogram": colour_histogram,
    "colour_statistics": colour_statistics,
    "gabor": gabor_statistics,
    "hellinger": hellinger_histogram,
    "log_spectrum": log_spectrum,
    "pixels": plain_pixels,
    "random_convolutions": random_convolutions,
    "random_features": random_features,
    "reduced_pixels": reduced_pixels,
}
"""By name: images ``(..., H, W, C)`` in [0, 1] to vectors ``(..., D)``."""


def _grey(x):
    x = as_image("x", x, real=True)
    return luminance(x)[..., 0] if x.shape[-1] == 3 else jnp.mean(x, axis=-1)


def _random_answers(x):
    """Rectified answers ``(..., filters, H - 4, W - 4)`` to fixed random filters."""
    grey = _grey(x)
    if min(grey.shape[-2:]) < _FILTER_SIDE:
        raise ValueError(f"x: expected {_FILTER_SIDE} pixels a side at least, got {np.shape(x)}")
    flat = grey.reshape(-1, 1, *grey.shape[-2:])
    kernels = np.random.default_rng(_FILTER_SEED).standard_normal(
        (_FILTERS, 1, _FILTER_SIDE, _FILTER_SIDE)
    )
    kernels -= kernels.mean(axis=(2, 3), keepdims=True)
    answers = jax.lax.conv(
        flat, jnp.asarray(kernels, flat.dtype), (1, 1), "VALID", jax.lax.Precision.HIGHEST
    )
    return jnp.maximum(answers, 0).reshape(*grey.shape[:-2], *answers.shape[1:])


def _frequencies(shape):
    """Radius, in cycles a pixel, and direction in [0, π) of every frequency."""
    rows, columns = np.meshgrid(*(np.fft.fftfreq(side) for side in shape), indexing="ij")
    return np.hypot(rows, columns), np.arctan2(rows, columns) % np.pi


def _spectral_cells(shape):
    """(H W, 48): every cell's frequencies, each with one over their number."""
    radius, angle = (x.ravel() for x in _frequencies(shape))
    ring = np.floor(radius / 0.5 * _RINGS).astype(int)
    sector = np.floor(angle / np.pi * _SECTORS).astype(int) % _SECTORS
    inside = (radius > 0) & (ring < _RINGS)
    members = np.zeros((len(radius), _RINGS * _SECTORS))
    members[np.flatnonzero(inside), (ring * _SECTORS + sector)[inside]] = 1.0
    return members / np.maximum(members.sum(axis=0), 1)


def _gabor_filters(shape):
    radius, angle = _frequencies(shape)
    filters = []
    for scale in range(_SCALES):
        along = np.log2(np.where(radius > 0, radius, 1e-9) / (0.25 / 2**scale))
        for orientation in range(_ORIENTATIONS):
            apart = angle - np.pi * orientation / _ORIENTATIONS
            apart = (apart + np.pi / 2) % np.pi - np.pi / 2
            across = apart / (np.pi / _ORIENTATIONS)
            # At half their height, neighbours of scale and orientation meet.
            filters.append(np.exp(-4 * np.log(2) * (along**2 + across**2)))
    return np.stack(filters)
