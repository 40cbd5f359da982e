from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax.synthesis._power_law_texture import power_law_texture

# Of the head's height: its half width, the shoulders' half width above and below, and where their
# trapezoid begins and ends under the head's centre.
_HEAD, _NECK, _BASE = 0.38, (0.45, 0.65), (0.75, 1.1)
_TOP, _BOTTOM = 0.45, 1.6
# Contrast of the textures, and standard deviation of the noise.
_CONTRAST, _NOISE = 0.35, 0.03


class Portrait(NamedTuple):
    """A drawn portrait.

    Attributes:
      image: ``(H, W, 3)`` in [0, 1].
      mask: ``(H, W)``, boolean, the person.
    """

    image: jax.Array
    mask: jax.Array


def portrait(
    key: jax.Array, shape: tuple[int, int], height: tuple[float, float] = (0.3, 0.55)
) -> Portrait:
    """Draws a person, an ellipse over a trapezoid, on ground of a texture of its own.

    Head, shoulders and ground have a colour each, drawn uniformly, a texture whose amplitude falls
    with the frequency, and noise; nothing but the shape tells who is who.

    Args:
      key: random key.
      shape: (H, W).
      height: of the head, least and largest, in heights of the image. With the default the person
        covers a third of the image, with (0.07, 0.13) less than a twentieth.

    Returns:
      The portrait; its head lies within the image, shoulders may be cut off.
    """
    place, figure, colours, textures, noise = jax.random.split(key, 5)
    head, shoulders = _figure(place, figure, shape, height)
    layers = [
        _layer(colour, texture, shape)
        for colour, texture in zip(
            jax.random.split(colours, 3), jax.random.split(textures, 3), strict=True
        )
    ]
    image = jnp.where(shoulders[..., None], layers[1], layers[0])
    image = jnp.where(head[..., None], layers[2], image)
    image = image + _NOISE * jax.random.normal(noise, image.shape)
    return Portrait(jnp.clip(image, 0, 1), head | shoulders)


def _figure(place, figure, shape, height):
    """Head and shoulders, boolean (H, W) each."""
    size, tilt, neck, base = jax.random.split(figure, 4)
    rows, columns = shape
    tall = rows * jax.random.uniform(size, minval=height[0], maxval=height[1])
    # The whole head, and as much of the shoulders as there is room for.
    low = jnp.stack([0.5 * tall, _HEAD * tall])
    high = jnp.stack([rows - jnp.minimum(_BOTTOM * tall, 0.6 * rows), columns - _HEAD * tall])
    centre = jax.random.uniform(place, (2,), minval=low, maxval=jnp.maximum(low, high))
    angle = jnp.deg2rad(jax.random.uniform(tilt, minval=-15.0, maxval=15.0))
    y, x = (np.indices(shape) + 0.5 - centre[:, None, None]) / tall
    along, across = y * jnp.cos(angle) + x * jnp.sin(angle), x * jnp.cos(angle) - y * jnp.sin(angle)
    head = (along / 0.5) ** 2 + (across / _HEAD) ** 2 <= 1
    upper = jax.random.uniform(neck, minval=_NECK[0], maxval=_NECK[1])
    lower = jax.random.uniform(base, minval=_BASE[0], maxval=_BASE[1])
    down = (y - _TOP) / (_BOTTOM - _TOP)
    half = upper + (lower - upper) * down
    return head, (down >= 0) & (down <= 1) & (jnp.abs(x) <= half)


def _layer(colour, texture, shape):
    flat = jax.random.uniform(colour, (3,), minval=0.15, maxval=0.85)
    return flat + _CONTRAST * (power_law_texture(texture, shape) - 0.5)
