import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax._images import as_image
from imaging_jax.operators import bayer_mask

# In eighths: green where another colour was measured; red where green was, between two reds of
# the row; red where blue was, between four.
_GREEN = [[0, 0, -1, 0, 0], [0, 0, 2, 0, 0], [-1, 2, 4, 2, -1], [0, 0, 2, 0, 0], [0, 0, -1, 0, 0]]
_ALONG_ROW = [
    [0, 0, 0.5, 0, 0],
    [0, -1, 0, -1, 0],
    [-1, 4, 5, 4, -1],
    [0, -1, 0, -1, 0],
    [0, 0, 0.5, 0, 0],
]
_DIAGONAL = [
    [0, 0, -1.5, 0, 0],
    [0, 2, 0, 2, 0],
    [-1.5, 0, 6, 0, -1.5],
    [0, 2, 0, 2, 0],
    [0, 0, -1.5, 0, 0],
]


def demosaic(y: jax.Array) -> jax.Array:
    """Fills in the colours of a Bayer mosaic by linear interpolation corrected by gradients.

    Args:
      y: mosaics ``(..., H, W, 1)`` of the pattern RGGB, see `bayer_mosaic`; at least 3 pixels a
        side.

    Returns:
      RGB images ``(..., H, W, 3)``, not clipped; measured colours are kept.

    Raises:
      ValueError: where ``y`` isn't a real floating-point image of one channel and 3 pixels a side.

    Malvar, He, Cutler, "High-quality linear interpolation for demosaicing of Bayer-patterned color
    images", ICASSP 2004; what MATLAB's `demosaic` does.
    """
    y = as_image("y", y, real=True)
    height, width, channels = y.shape[-3:]
    if channels != 1 or min(height, width) < 3:
        raise ValueError(f"y: expected mosaics (..., H, W, 1) of 3 pixels a side, got {y.shape}")
    # Mirrored without repeating the border, so that the pattern goes on.
    padded = jnp.pad(y[..., 0], [(0, 0)] * (y.ndim - 3) + [(2, 2), (2, 2)], mode="reflect")
    green, along_row, along_column, diagonal = (
        _filtered(padded, np.asarray(kernel) / 8, (height, width))
        for kernel in (_GREEN, _ALONG_ROW, np.transpose(_ALONG_ROW), _DIAGONAL)
    )
    red_place, green_place, blue_place = np.moveaxis(bayer_mask((height, width)) > 0, -1, 0)
    even_row = np.arange(height)[:, None] % 2 == 0
    red_row = np.broadcast_to(even_row, (height, width))
    y = y[..., 0]
    red = jnp.where(green_place, jnp.where(red_row, along_row, along_column), diagonal)
    blue = jnp.where(green_place, jnp.where(red_row, along_column, along_row), diagonal)
    colours = [
        jnp.where(red_place, y, red),
        jnp.where(green_place, y, green),
        jnp.where(blue_place, y, blue),
    ]
    return jnp.stack(colours, axis=-1)


def _filtered(padded, kernel, shape):
    height, width = shape
    return sum(
        weight * padded[..., row : row + height, column : column + width]
        for (row, column), weight in np.ndenumerate(kernel)
        if weight
    )
