"""Pairs of images whose mapping is known, made of any image: for translation without files."""

import jax
import jax.numpy as jnp

from imaging_jax._images import as_image
from imaging_jax.operators import add_clouds, sample_cloud_opacity, speckle_noise
from imaging_jax.transforms import luminance


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


def edge_map(x: jax.Array, threshold: float = 0.1) -> jax.Array:
    """White where the luminance steps to the next row or column by more than a threshold.

    Args:
      x: ``(..., H, W, 3)`` in [0, 1].
      threshold: of the step, positive.

    Returns:
      ``(..., H, W, 1)`` of zeros and ones.

    Raises:
      ValueError: where ``x`` isn't a real image of three channels.
    """
    grey = luminance(_coloured(x))
    steps = [jnp.abs(jnp.diff(grey, axis=axis, append=_last(grey, axis))) for axis in (-3, -2)]
    return (jnp.maximum(*steps) > threshold).astype(grey.dtype)


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
    opacity = sample_cloud_opacity(key, (height, width), threshold=0.45)
    shadow = jnp.roll(opacity, (height // 8, width // 8), (0, 1))
    return add_clouds(x * (1 - shadow / 2), opacity)


def radar_like(key: jax.Array, x: jax.Array, looks: float = 4.0) -> jax.Array:
    """Makes the squared luminance under speckle, as a radar's intensity of a scene.

    Args:
      key: of the speckle.
      x: ``(..., H, W, 3)`` in [0, 1].
      looks: that are averaged, positive.

    Returns:
      ``(..., H, W, 1)`` in [0, 1]: the amplitude, its square root, cut at 1.

    Raises:
      ValueError: where ``x`` isn't a real image of three channels.
    """
    intensity = speckle_noise(key, luminance(_coloured(x)) ** 2, looks)
    return jnp.clip(jnp.sqrt(intensity), 0, 1)


def _coloured(x: jax.Array) -> jax.Array:
    x = as_image("x", x, real=True)
    if x.shape[-1] != 3:
        raise ValueError(f"x: expected (..., H, W, 3), got {x.shape}")
    return x


def _last(x: jax.Array, axis: int) -> jax.Array:
    return jnp.take(x, jnp.array([x.shape[axis] - 1]), axis=axis)
