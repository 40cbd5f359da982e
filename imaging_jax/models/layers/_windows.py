"""Windows that attention is kept to: cutting, joining, relative positions, and the shifted mask."""

import jax
import jax.numpy as jnp
import numpy as np


def partition_windows(x: jax.Array, window: int) -> jax.Array:
    """Cuts images into square windows, row by row.

    Args:
        x: ``(..., H, W, C)``, sides multiples of ``window``.
        window: side of a window, in pixels.

    Returns:
        ``(..., windows, window², C)``.
    """
    *leading, height, width, channels = x.shape
    rows, columns = height // window, width // window
    x = x.reshape(*leading, rows, window, columns, window, channels)
    return x.swapaxes(-4, -3).reshape(*leading, rows * columns, window**2, channels)


def merge_windows(windows: jax.Array, height: int, width: int) -> jax.Array:
    """Joins windows to images, the inverse of `partition_windows`.

    Args:
        windows: ``(..., windows, window², C)``.
        height: of the images.
        width: of the images.

    Returns:
        ``(..., height, width, C)``.
    """
    *leading, _, area, channels = windows.shape
    side = round(area**0.5)
    x = windows.reshape(*leading, height // side, width // side, side, side, channels)
    return x.swapaxes(-4, -3).reshape(*leading, height, width, channels)


def relative_position_index(window: int) -> np.ndarray:
    """The row of a table of ``(2 window - 1)²`` offsets for each query (row) and key (column).

    The offset (dy, dx) = query - key has the row
    ``(dy + window - 1) (2 window - 1) + dx + window - 1``.
    """
    rows, columns = np.divmod(np.arange(window**2), window)
    dy = rows[:, None] - rows + window - 1
    dx = columns[:, None] - columns + window - 1
    return dy * (2 * window - 1) + dx


def shifted_window_mask(height: int, width: int, window: int, shift: int) -> jax.Array:
    """Which pixels of an image rolled by ``-shift`` attend to each other: neighbours before it.

    Args:
        height: of the image, a multiple of ``window``.
        width: likewise.
        window: side of a window, in pixels.
        shift: along both axes, at least 1 and below ``window``.

    Returns:
        Booleans ``(windows, window², window²)``.
    """
    rows, columns = np.zeros(height, int), np.zeros(width, int)
    for region in (rows, columns):
        region[-window:-shift], region[-shift:] = 1, 2
    regions = partition_windows((3 * rows[:, None] + columns)[..., None], window)[..., 0]
    return jnp.asarray(regions[:, :, None]) == regions[:, None, :]
