import jax

from imaging_jax._counts import check_counts
from imaging_jax._images import as_image


def downsample(x: jax.Array, scale: int, offset: int = 0) -> jax.Array:
    """Keeps every ``scale``-th row and column, without filtering.

    Args:
      x: images ``(..., H, W, C)``.
      scale: of the decimation, at least 1.
      offset: row and column of the first pixel kept, in [0, scale).

    Returns:
      Images ``(..., ceil((H - offset) / scale), ceil((W - offset) / scale), C)``.

    Raises:
      ValueError: where ``x`` isn't a floating-point image with a pixel at ``offset``, or an
        argument is out of range.
    """
    x = as_image("x", x)
    check_counts(scale=scale)
    if not 0 <= offset < scale:
        raise ValueError(f"offset: expected 0 <= offset < scale={scale}, got {offset}")
    if min(x.shape[-3:-1]) <= offset:
        raise ValueError(f"x: expected more than offset={offset} pixels a side, got {x.shape}")
    return x[..., offset::scale, offset::scale, :]


def block_means(x: jax.Array, scale: int) -> jax.Array:
    """Means over blocks of ``scale x scale`` pixels, as a coarse model's cells hold a field.

    A box blur decimated, without the rounding of a Fourier transform: what is nowhere negative
    stays so, and zeros stay zeros.

    Args:
      x: images ``(..., H, W, C)``.
      scale: pixels a side of a block; divides H and W.

    Returns:
      Images ``(..., H / scale, W / scale, C)``.

    Raises:
      ValueError: where ``x`` isn't a floating-point image, or ``scale`` isn't positive or doesn't
        divide its sides.
    """
    x = as_image("x", x)
    check_counts(scale=scale)
    *leading, height, width, channels = x.shape
    if height % scale or width % scale:
        raise ValueError(f"x: expected sides that are multiples of scale={scale}, got {x.shape}")
    blocks = x.reshape(*leading, height // scale, scale, width // scale, scale, channels)
    return blocks.mean(axis=(-4, -2))


def modcrop(x: jax.Array, scale: int) -> jax.Array:
    """Crops bottom and right so that height and width are multiples of ``scale``.

    Args:
      x: images ``(..., H, W, C)``.
      scale: at least 1.

    Returns:
      Images ``(..., H - H mod scale, W - W mod scale, C)``.

    Raises:
      ValueError: where ``x`` isn't a floating-point image of at least ``scale`` pixels a side, or
        ``scale`` isn't positive.
    """
    x = as_image("x", x)
    check_counts(scale=scale)
    height, width = x.shape[-3:-1]
    if min(height, width) < scale:
        raise ValueError(f"x: expected at least scale={scale} pixels a side, got {x.shape}")
    return x[..., : height - height % scale, : width - width % scale, :]


def shave(x: jax.Array, border: int) -> jax.Array:
    """Removes ``border`` pixels from every side.

    Args:
      x: images ``(..., H, W, C)``.
      border: at least 0.

    Returns:
      Images ``(..., H - 2 border, W - 2 border, C)``.

    Raises:
      ValueError: where ``x`` isn't a floating-point image, ``border`` is negative or nothing would
        be left.
    """
    x = as_image("x", x)
    height, width = x.shape[-3:-1]
    if not 0 <= 2 * border < min(height, width):
        raise ValueError(
            f"border: expected 0 <= 2 border < the smaller side of {x.shape}, got {border}"
        )
    return x[..., border : height - border, border : width - border, :]
