"""Prompts drawn of masks, as a person would give them: points, boxes, and corrections."""

import jax
import jax.numpy as jnp

from imaging_jax.models.segmentation import (
    BACKGROUND,
    FIRST_CORNER,
    FOREGROUND,
    PADDING,
    SECOND_CORNER,
)
from train.data.fields import Field

# Prompts of an image, each of points, x and y in pixels, and what the points are.
POINTS = Field((None, None, 2), "float32", "points")
POINT_LABELS = Field((None, None), "int32", "points")
# Standard deviation of a box's corners, in its sides, and the most that they move.
_JITTER, _MOST = 0.1, 20.0


def draw_object(key: jax.Array, masks: jax.Array, least: int) -> jax.Array:
    """Draws one of the masks ``(objects, H, W)`` of at least so many pixels.

    Where none has as many, the largest is taken.
    """
    areas = jnp.sum(masks, axis=(1, 2))
    large = areas >= least
    drawn = jax.random.categorical(key, jnp.where(large, 0.0, -jnp.inf))
    return masks[jnp.where(jnp.any(large), drawn, jnp.argmax(areas))]


def draw_point(key: jax.Array, mask: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Draws a pixel of a mask ``(H, W)`` as a prompt of two points, one of which is padding."""
    point = _pixel(key, mask)
    points = jnp.stack([point, jnp.zeros(2)])
    return points, jnp.array([FOREGROUND, PADDING])


def draw_box(key: jax.Array, mask: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Draws the box of a mask ``(H, W)``, its corners displaced, as a prompt of two points.

    Each coordinate is displaced normally, by a tenth of the box's side, 20 pixels at most.

    Source: Kirillov et al., "Segment Anything", ICCV 2023, appendix A, "Training algorithm".
    """
    sides = [jnp.any(mask, axis=axis) for axis in (0, 1)]
    first = jnp.array([jnp.argmax(side) for side in sides])
    last = jnp.array([len(side) - 1 - jnp.argmax(side[::-1]) for side in sides])
    moved = _JITTER * (last - first + 1) * jax.random.normal(key, (2, 2))
    corners = jnp.stack([first, last]) + jnp.clip(moved, -_MOST, _MOST)
    largest = jnp.array(mask.shape[::-1]) - 1.0
    corners = jnp.clip(jnp.sort(corners, axis=0), 0.0, largest)
    return corners, jnp.array([FIRST_CORNER, SECOND_CORNER])


def draw_correction(
    key: jax.Array, mask: jax.Array, estimate: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """Draws a pixel at which an estimate ``(H, W)`` is wrong, or of the mask where none is.

    Returns:
      A point ``(1, 2)``, and whether it is of the mask, ``(1,)``.
    """
    wrong = mask != estimate
    point = _pixel(key, jnp.where(jnp.any(wrong), wrong, mask))
    x, y = point.astype(jnp.int32)
    label = jnp.where(mask[y, x], FOREGROUND, BACKGROUND)
    return point[None], label[None]


def _pixel(key, mask):
    place = jax.random.categorical(key, jnp.where(mask, 0.0, -1e9).ravel())
    y, x = jnp.divmod(place, mask.shape[1])
    return jnp.stack([x, y]).astype(jnp.float32)
