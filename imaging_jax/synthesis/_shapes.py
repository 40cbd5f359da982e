from typing import NamedTuple

import jax
import jax.numpy as jnp

from imaging_jax.synthesis._leaf_textures import leaf_textures, sample_contrasts

_EDGES = 6
# Of half an object's larger axis, in shorter sides of the image.
_SIZES = (0.09, 0.3)
_NARROWEST = 0.45
_BLUR = 1.0
"""Pixels from an object's colour to what lies below, across its edge."""

_TEXTURE = 0.08
_LEAST_CONTRAST = 0.12


class Shapes(NamedTuple):
    """An image of objects that lie upon each other, and what is seen of each.

    Attributes:
        image: ``(H, W, channels)`` in [0, 1].
        masks: ``(objects, H, W)`` booleans, no two of which share a pixel; the later an object,
            the higher it lies. Those of objects that aren't there are empty.
    """

    image: jax.Array
    masks: jax.Array


def shapes(
    key: jax.Array,
    shape: tuple[int, int],
    *,
    objects: int = 6,
    channels: int = 3,
    noise: float = 0.03,
) -> Shapes:
    """Draws discs, ellipses, rectangles and convex polygons on a ground, back to front.

    There are two to ``objects`` of them, their centres within the image, their larger half axes
    0.09 to 0.3 of its shorter side. Seven of ten, and as often the ground, bear one of
    `leaf_textures`; neighbours' colours may be alike but for 0.12 of the ground's.

    Args:
        key: random key; ``jax.vmap`` over keys makes a batch.
        shape: (H, W), at least two pixels in all.
        objects: how many there may be, at least 2.
        channels: of the image, 1 or 3.
        noise: standard deviation of white Gaussian noise.

    Raises:
        ValueError: fewer than two objects, another number of channels, or negative noise.
    """
    if objects < 2:
        raise ValueError(f"objects must be at least 2, got {objects}")
    if channels not in (1, 3):
        raise ValueError(f"channels must be 1 or 3, got {channels}")
    if noise < 0:
        raise ValueError(f"noise must not be negative, got {noise}")
    count_key, shape_key, paint_key, texture_key, noise_key = jax.random.split(key, 5)
    count = jax.random.randint(count_key, (), 2, objects + 1)
    depths = jax.vmap(lambda k: _depth(k, shape))(jax.random.split(shape_key, objects))
    depths = jnp.where(jnp.arange(objects)[:, None, None] < count, depths, -jnp.inf)
    paint = _paint(paint_key, objects, channels)
    textures = leaf_textures(texture_key, shape)

    def coloured(layer):
        colours, contrasts = layer
        return colours + jnp.sum(contrasts * textures, axis=-1, keepdims=True)

    def cover(image, layer):
        depth, *own = layer
        opacity = jnp.clip(depth / _BLUR + 0.5, 0, 1)[..., None]
        return image + opacity * (coloured(own) - image), None

    ground, upon = (
        jax.tree.map(lambda x, part=part: x[part], paint) for part in (0, slice(1, None))
    )
    image, _ = jax.lax.scan(cover, coloured(ground), (depths, *upon))
    image = image + noise * jax.random.normal(noise_key, image.shape)
    inside = depths > 0
    above = jnp.cumsum(inside[::-1], axis=0)[::-1] - inside
    return Shapes(jnp.clip(image, 0, 1), inside & (above == 0))


def _depth(key, shape):
    """How far each pixel lies within an object of random kind, in pixels; negative outside."""
    kind, place, size, narrow, turn, edge, far = jax.random.split(key, 7)
    side = min(shape)
    centre = jax.random.uniform(place, (2,)) * jnp.array(shape)
    major = side * jax.random.uniform(size, minval=_SIZES[0], maxval=_SIZES[1])
    minor = major * jax.random.uniform(narrow, minval=_NARROWEST, maxval=1.0)
    angle = jax.random.uniform(turn, maxval=jnp.pi)
    rows, columns = jnp.indices(shape)
    y, x = rows + 0.5 - centre[0], columns + 0.5 - centre[1]
    u = jnp.cos(angle) * x + jnp.sin(angle) * y
    v = jnp.cos(angle) * y - jnp.sin(angle) * x
    kind = jax.random.randint(kind, (), 0, 4)
    rectangle = jnp.minimum(major - jnp.abs(u), minor - jnp.abs(v))
    return jnp.select(
        [kind == 0, kind == 1, kind == 2],
        [major - jnp.hypot(u, v), _in_ellipse(u, v, major, minor), rectangle],
        _in_polygon(edge, far, u, v, major),
    )


def _in_ellipse(u, v, major, minor):
    """To first order, as the level falls from the edge."""
    level = jnp.sqrt((u / major) ** 2 + (v / minor) ** 2)
    slope = jnp.hypot(u / major**2, v / minor**2) / jnp.maximum(level, 1e-6)
    return (1 - level) / jnp.maximum(slope, 1 / major)


def _in_polygon(edge_key, distance_key, u, v, radius):
    """Of three to six edges, at random angles and distances."""
    count_key, angle_key = jax.random.split(edge_key)
    count = jax.random.randint(count_key, (), 3, _EDGES + 1)
    places = jnp.arange(_EDGES)
    wobble = jax.random.uniform(angle_key, (_EDGES,), minval=-0.2, maxval=0.2)
    angles = 2 * jnp.pi * (places + wobble) / count
    nearest = jnp.where(count == 3, 0.5, 0.65)
    distances = radius * jax.random.uniform(distance_key, (_EDGES,), minval=nearest, maxval=0.9)

    def cut(depth, edge):
        angle, distance, there = edge
        within = distance - jnp.cos(angle) * u - jnp.sin(angle) * v
        return jnp.where(there, jnp.minimum(depth, within), depth), None

    start = jnp.full_like(u, jnp.inf)
    return jax.lax.scan(cut, start, (angles, distances, places < count))[0]


def _paint(key, objects, channels):
    """Colours ``(1 + objects, channels)`` and contrasts of both textures, the ground's first."""
    colour_key, contrast_key = jax.random.split(key)
    colours = jax.random.uniform(colour_key, (1 + objects, channels), minval=0.05, maxval=0.95)
    # An object that is as the ground couldn't be told from it.
    offsets = colours[1:] - colours[0]
    away = jnp.where(offsets < 0, -1.0, 1.0) * jnp.maximum(jnp.abs(offsets), _LEAST_CONTRAST)
    colours = colours.at[1:].set(colours[0] + away)
    return colours, sample_contrasts(contrast_key, 1 + objects, _TEXTURE)
