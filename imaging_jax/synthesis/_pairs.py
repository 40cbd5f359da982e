"""Pairs of images whose mapping is known, made of any image: for translation without files."""

import jax
import jax.numpy as jnp

from imaging_jax._images import as_image
from imaging_jax.operators import add_clouds, sample_cloud_opacity, speckle_noise
from imaging_jax.transforms import luminance

_STEP = 0.1
_LOOKS = 4.0


def label_map(x: jax.Array) -> jax.Array:
    """Paints every pixel in the nearest of eight colours, the corners of the RGB cube.

    Args:
      x: ``(..., H, W, 3)`` in [0, 1].

    Returns:
      Images of the shape of ``x``, of zeros and ones.

    Raises:
      ValueError: where ``x`` isn't a real image of three channels.
    """
    x = _coloured(x)
    return (x >= 0.5).astype(x.dtype)


def edge_map(x: jax.Array) -> jax.Array:
    """White where the luminance steps to the next row or column by more than a tenth.

    Args:
      x: ``(..., H, W, 3)`` in [0, 1].

    Returns:
      ``(..., H, W, 1)`` of zeros and ones.

    Raises:
      ValueError: where ``x`` isn't a real image of three channels.
    """
    grey = luminance(_coloured(x))
    steps = [jnp.abs(jnp.diff(grey, axis=axis, append=_last(grey, axis))) for axis in (-3, -2)]
    return (jnp.maximum(*steps) > _STEP).astype(grey.dtype)


def clouded(key: jax.Array, x: jax.Array) -> jax.Array:
    """Lays fractal clouds and their shadows over a scene seen from above.

    About half of the scene is covered; the shadow is the clouds' own, displaced by an eighth of the
    side, and takes up to half of the light.

    Args:
      key: of the clouds.
      x: ``(H, W, C)`` in [0, 1].

    Returns:
      An image of the shape of ``x``.

    Raises:
      ValueError: where ``x`` isn't a real image.
    """
    x = as_image("x", x, real=True)
    height, width = x.shape[-3:-1]
    down, right = height // 8, width // 8
    # Clouds outside of the scene cast their shadow into it.
    opacity = sample_cloud_opacity(key, (height + down, width + right), threshold=0.45)
    shadow = opacity[:height, :width]
    return add_clouds(x * (1 - shadow / 2), opacity[down:, right:])


def radar_like(key: jax.Array, x: jax.Array) -> jax.Array:
    """Makes the luminance under the speckle of an amplitude of four looks, as a radar sees it.

    Args:
      key: of the speckle.
      x: ``(..., H, W, 3)`` in [0, 1].

    Returns:
      ``(..., H, W, 1)``, cut at 1.

    Raises:
      ValueError: where ``x`` isn't a real image of three channels.
    """
    amplitude = speckle_noise(key, luminance(_coloured(x)), _LOOKS, amplitude=True)
    return jnp.clip(amplitude, 0, 1)


def _coloured(x: jax.Array) -> jax.Array:
    x = as_image("x", x, real=True)
    if x.shape[-1] != 3:
        raise ValueError(f"x: expected (..., H, W, 3), got {x.shape}")
    return x


def _last(x: jax.Array, axis: int) -> jax.Array:
    return jnp.take(x, jnp.array([x.shape[axis] - 1]), axis=axis)
