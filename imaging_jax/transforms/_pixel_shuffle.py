import jax
import jax.numpy as jnp

from imaging_jax._counts import check_counts


def depth_to_space(x: jax.Array, scale: int) -> jax.Array:
    """Rearranges channels into pixels, the sub-pixel shuffle.

    Channel ``(dy * scale + dx) * C + c`` of pixel ``(i, j)`` becomes channel ``c`` of pixel
    ``(scale * i + dy, scale * j + dx)``: the order of channels-last networks.

    Args:
      x: ``(..., H, W, scale² C)``.
      scale: at least 1.

    Returns:
      ``(..., scale H, scale W, C)``.

    Raises:
      ValueError: where ``scale`` isn't positive or its square doesn't divide the channels.

    Shi et al., "Real-time single image and video super-resolution using an efficient sub-pixel
    convolutional neural network", CVPR 2016, equation 4, with the channel index above.
    """
    _check(x, scale)
    *leading, height, width, channels = x.shape
    if channels % scale**2:
        raise ValueError(f"x: expected a multiple of scale²={scale**2} channels, got {x.shape}")
    x = x.reshape(*leading, height, width, scale, scale, channels // scale**2)
    x = jnp.swapaxes(x, -4, -3)
    return x.reshape(*leading, height * scale, width * scale, channels // scale**2)


def space_to_depth(x: jax.Array, scale: int) -> jax.Array:
    """Rearranges blocks of pixels into channels, the inverse of `depth_to_space`.

    Args:
      x: ``(..., scale H, scale W, C)``.
      scale: at least 1.

    Returns:
      ``(..., H, W, scale² C)``.

    Raises:
      ValueError: where ``scale`` isn't positive or doesn't divide height and width.
    """
    _check(x, scale)
    *leading, height, width, channels = x.shape
    if height % scale or width % scale:
        raise ValueError(f"x: expected height and width divisible by {scale}, got {x.shape}")
    x = x.reshape(*leading, height // scale, scale, width // scale, scale, channels)
    x = jnp.swapaxes(x, -4, -3)
    return x.reshape(*leading, height // scale, width // scale, scale**2 * channels)


def _check(x, scale):
    if x.ndim < 3:
        raise ValueError(f"x: expected shape (..., H, W, C), got {x.shape}")
    check_counts(scale=scale)
