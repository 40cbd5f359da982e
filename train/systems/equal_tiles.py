"""Images of any size through programs of one size, which are compiled once for a whole folder."""

from collections.abc import Callable

import jax
import numpy as np


def in_equal_tiles(
    program: Callable[..., jax.Array],
    *images: np.ndarray,
    side: int = 256,
    before: int = 0,
    after: int = 0,
    mode: str = "edge",
) -> np.ndarray:
    """Applies a program to square tiles of images of one size, and joins what it makes of them.

    Equal to the program of the whole images where a tile's result depends on nothing beyond what
    is given around it, and the images continue by `mode` as the program wants.

    Args:
      program: of tiles (N, before + side + after, the same, C), in float64; its result, square, is
        that of the `side` pixels alone.
      images: (N, H, W, C).
      side: of a tile.
      before: pixels around a tile that the program is given above and at the left.
      after: likewise below and at the right.
      mode: how the images continue, as in `numpy.pad`.

    Returns:
      (N, H · r / side, W · r / side, C), where r is the side of a result.
    """
    height, width = images[0].shape[1:3]
    around = [(0, 0), (before, after + -height % side), (before, after + -width % side), (0, 0)]
    padded = [np.pad(np.asarray(image, np.float64), around, mode) for image in images]
    window = before + side + after

    def tile(top, left):
        return program(*(x[:, top : top + window, left : left + window] for x in padded))

    with jax.enable_x64(True):
        rows = [
            np.concatenate([tile(top, left) for left in range(0, width, side)], axis=2)
            for top in range(0, height, side)
        ]
    joined = np.concatenate(rows, axis=1)
    result = rows[0].shape[1]
    return joined[:, : height * result // side, : width * result // side]
