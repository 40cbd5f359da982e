"""Large images in parts: as far as a network sees, how much memory it takes, and the stitching."""

import math
from collections.abc import Callable, Iterator

import jax
import jax.numpy as jnp
import numpy as np

# Lengths of the probes, in low-resolution pixels: what reaches the longest one's end is global.
_LENGTHS = (65, 257, 1025)
_THICKNESS = 17
_DRAWS = 8

# (low resolution (N, h, w, C) in [0, 1], scale) -> (N, h · scale, w · scale, C'), differentiable.
Pure = Callable[[jax.Array, int], jax.Array]


def receptive_radius(pure: Pure, scale: int, channels: int, period: int) -> int | None:
    """How far a system looks, in low-resolution pixels; None where it looks at the whole image.

    Found from the support of the gradient of one pixel's enlargement, along rows and columns, in
    several random images: a ReLU that is off in one of them is on in another. All pixels of a group
    are measured, of which each may look as far as another.

    Args:
      pure: the system.
      scale: factor.
      channels: of the image.
      period: side of the groups of pixels that it sees.
    """
    for length in _LENGTHS:
        radius = max(_reach(pure, scale, channels, length, axis, period) for axis in (0, 1))
        centre = _centre(length, period)
        if radius < min(centre, length - centre - period):
            return radius
    return None


def _centre(length: int, period: int) -> int:
    return round(length / 2 / period) * period


def _reach(pure, scale, channels, length, axis, period) -> int:
    """How far the gradient reaches along one axis of strips, which cost less than squares."""
    size = [_THICKNESS, _THICKNESS]
    size[axis] = length
    # The first pixel of a group in many images: of networks without groups it is as any other.
    shifts = np.concatenate([np.zeros(_DRAWS, int), np.repeat(np.arange(1, period), _DRAWS // 4)])
    image_key, weight_key = jax.random.split(jax.random.key(0))
    images = jax.random.uniform(image_key, (len(shifts), *size, channels))
    given = jax.eval_shape(lambda x: pure(x, scale), images).shape[-1]
    weights = jax.random.normal(weight_key, (len(shifts), scale, scale, given))
    pixels = np.tile([_centre(n, period) for n in size], (len(shifts), 1))
    pixels[:, axis] += shifts

    def enlarged(image, pixel):
        corner = (*(scale * pixel), 0)
        return jax.lax.dynamic_slice(image, corner, (scale, scale, given))

    def total(x):
        return jnp.sum(weights * jax.vmap(enlarged)(pure(x, scale), jnp.asarray(pixels)))

    gradient = np.asarray(jax.jit(jax.grad(total))(images))
    places = np.argwhere(np.any(gradient != 0, axis=-1))
    distances = places[:, 1 + axis] - pixels[places[:, 0], axis]
    return int(np.abs(distances).max(initial=0))


def largest_tile(
    pure: Pure, scale: int, channels: int, memory: float, dtype: str = "float32"
) -> int:
    """The side of the largest square, in low-resolution pixels, that is enlarged within `memory`.

    Args:
      pure: the system.
      scale: factor.
      channels: of the image.
      memory: bytes for what the compiled program holds at once.
      dtype: of the image.
    """
    side = 64
    with jax.enable_x64(dtype == "float64"):
        shape = jax.ShapeDtypeStruct((1, side, side, channels), dtype)
        program = jax.jit(pure, static_argnums=1).lower(shape, scale).compile()
    used = program.memory_analysis()
    held = used.temp_size_in_bytes + used.output_size_in_bytes + used.argument_size_in_bytes
    return math.isqrt(int(memory * side**2 / held))


def tiled(
    predict: Callable[[np.ndarray, int], jax.Array | np.ndarray],
    lr: np.ndarray,
    scale: int,
    tile: int,
    overlap: int,
    period: int,
    progress: Callable[[Iterator], Iterator] = iter,
) -> np.ndarray:
    """Enlarges (N, h, w, C) in windows of one size, `tile` pixels a side or the whole image's.

    Equal to `predict` of the whole image where `overlap` is at least the receptive radius: every
    pixel is taken from a window that holds all it depends on, and the image's own border stays a
    border.

    Args:
      predict: of windows.
      lr: the images.
      scale: factor.
      tile: side of a window.
      overlap: by which windows overlap on each side.
      period: windows begin at its multiples, where groups of the whole image's pixels do.
      progress: wraps the windows as they are gone through.

    Raises:
      ValueError: a tile that holds nothing but overlap.
    """
    if tile < 2 * overlap + 2 * period and tile < max(lr.shape[1:3]):
        raise ValueError(
            f"a tile of {tile} pixels holds nothing but its overlap of {overlap} a side; "
            "allow more --memory"
        )
    height, width = lr.shape[1:3]
    result = None
    rows, columns = (windows(size, tile, overlap, period) for size in (height, width))
    for row, column in progress([(r, c) for r in rows for c in columns]):
        part = np.asarray(predict(lr[:, slice(*row[0]), slice(*column[0])], scale))
        if result is None:
            size = (height * scale, width * scale)
            result = np.empty((len(part), *size, part.shape[-1]), part.dtype)
        (top, bottom), (left, right) = (
            [scale * (edge - first) for edge in kept] for (first, _), kept in (row, column)
        )
        kept_rows, kept_columns = (
            slice(*(scale * edge for edge in kept)) for _, kept in (row, column)
        )
        result[:, kept_rows, kept_columns] = part[:, top:bottom, left:right]
    return result


def windows(
    size: int, tile: int, overlap: int, period: int
) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Cuts an axis: pairs of (first, end) of a window and of the part of it that is kept.

    All windows are of one length, at most `tile`, so that one compiled program serves them, and
    begin at multiples of `period`.
    """
    if size <= tile:
        return [((0, size), (0, size))]
    tile -= (tile - size) % period
    step = (tile - 2 * overlap) // period * period
    firsts = [min(first, size - tile) for first in range(0, size - tile + step, step)]
    edges = [0, *(first + overlap for first in firsts[1:]), size]
    return [
        ((first, first + tile), (edges[index], edges[index + 1]))
        for index, first in enumerate(firsts)
    ]
