"""Images of any size through programs of one size, which are compiled once for a whole folder."""

from collections.abc import Callable
from fractions import Fraction

import jax
import numpy as np

from train.systems.tiling import windows


def in_equal_tiles(
    program: Callable[..., jax.Array],
    *images: np.ndarray,
    side: int = 256,
    reach: int = 0,
    lost: int = 0,
    mode: str = "edge",
) -> np.ndarray:
    """Applies a program to square tiles of images, and joins what it makes of them.

    Equal to the program of the whole images: tiles overlap by as far as it looks, and an image's
    own border stays a border. Only an image smaller than a tile is continued.

    Args:
      program: from tiles (N, side, side, C) in float64 to (N, r, r, C').
      images: (N, H, W, C), all of one height and width.
      side: of a tile.
      reach: pixels to each side that a result depends on.
      lost: rows and columns that a result lacks: one less than those of a window that the program
        slides inside the image.
      mode: how the program continues an image, in the words of `numpy.pad`.

    Returns:
      (N, (H - lost) · s, (W - lost) · s, C'), where s = r / (side - lost).
    """
    size = images[0].shape[1:3]
    padding = [(0, _enough(n, side, reach) - n) for n in size]
    padded = [
        np.pad(np.asarray(image, np.float64), [(0, 0), *padding, (0, 0)], mode) for image in images
    ]
    rows, columns = (_tiles(n, side, reach, lost) for n in size)

    def results(top, left, kept_rows, kept_columns):
        part = np.asarray(program(*(x[:, top : top + side, left : left + side] for x in padded)))
        scale = Fraction(part.shape[1], side - lost)
        (first_row, end_row), (first_column, end_column) = (
            [int(scale * edge) for edge in kept] for kept in (kept_rows, kept_columns)
        )
        return part[:, first_row:end_row, first_column:end_column]

    with jax.enable_x64(True):
        strips = [
            np.concatenate([results(top, left, rs, cs) for left, cs in columns], axis=2)
            for top, rs in rows
        ]
    return np.concatenate(strips, axis=1)


def _enough(size, side, reach):
    """A side that holds a tile, and in which an image's own end isn't close to a cut edge."""
    return size if size >= side else max(side, size + reach)


def _tiles(size, side, reach, lost):
    """Where tiles begin along an axis, and (first, end) in each of what is kept."""
    cut = windows(_enough(size, side, reach) - lost, side - lost, reach, period=1)
    return [
        (first, (start - first, min(end, size - lost) - first)) for (first, _), (start, end) in cut
    ]
