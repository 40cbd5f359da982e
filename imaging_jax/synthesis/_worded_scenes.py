from typing import NamedTuple

import jax
import jax.numpy as jnp

GROUNDS = ("grass", "bare", "water")
KINDS = ("plane", "building", "tank", "court")
PLACES = ("left", "centre", "right")
MOST = 4
"""Objects that a scene has at most."""

_GROUND_COLOURS = ((0.30, 0.50, 0.22), (0.62, 0.50, 0.36), (0.16, 0.30, 0.48))
_OBJECT_COLOURS = ((0.95, 0.95, 0.95), (0.20, 0.30, 0.85), (0.85, 0.78, 0.55), (0.80, 0.16, 0.16))
_ROAD_COLOUR = (0.35, 0.35, 0.35)
# In parts of the image's side: the reach of an object, and half the width of a road.
_REACH = (0.075, 0.1)
_ROAD = 0.045
_NOISE = 0.03


class WordedScene(NamedTuple):
    """An image seen from above, and what is to be said of it.

    Attributes:
        image: ``(side, side, 3)`` in [0, 1].
        ground: int32, a place in GROUNDS.
        count: int32, objects, 1 to MOST.
        kind: int32, what they are, a place in KINDS.
        place: int32, where they are, a place in PLACES: a third of the image.
        road: boolean, whether a road leads across.
    """

    image: jax.Array
    ground: jax.Array
    count: jax.Array
    kind: jax.Array
    place: jax.Array
    road: jax.Array


def worded_scene(key: jax.Array, side: int = 64) -> WordedScene:
    """Draws one to four objects of one kind on a ground: white planes, blue buildings and so on.

    Every fact is drawn uniformly, whatever the others are. The objects lie below each other in one
    third of the image, none upon another; planes and courts are turned at random.

    Args:
        key: random key; ``jax.vmap`` over keys makes a batch.
        side: of the image, in pixels, at least 32.

    Raises:
        ValueError: a smaller side.
    """
    if side < 32:
        raise ValueError(f"side must be at least 32, got {side}")
    fact_key, road_key, row_key, object_key, noise_key, tint_key = jax.random.split(key, 6)
    facts = jax.random.randint(
        fact_key, (5,), 0, jnp.array([len(GROUNDS), MOST, len(KINDS), len(PLACES), 2])
    )
    ground, count, kind, place, road = facts
    count = count + 1
    rows, columns = (jnp.indices((side, side)) + 0.5) / side
    tints = 0.06 * jax.random.uniform(tint_key, (2, 3), minval=-1.0)
    image = jnp.broadcast_to(jnp.array(_GROUND_COLOURS)[ground] + tints[0], (side, side, 3))
    middle = jax.random.uniform(road_key, minval=0.1, maxval=0.9)
    on_road = road * jnp.clip(side * (_ROAD - jnp.abs(rows - middle)) + 0.5, 0, 1)
    image = _covered(image, on_road, jnp.array(_ROAD_COLOUR))
    # A quarter of the height for each: none lies upon another.
    quarters = jax.random.permutation(row_key, MOST)
    colour = jnp.array(_OBJECT_COLOURS)[kind] + tints[1]
    for index, own in enumerate(jax.random.split(object_key, MOST)):
        inside = _inside(own, kind, rows, columns, (quarters[index], place))
        cover = (index < count) * jnp.clip(side * inside + 0.5, 0, 1)
        image = _covered(image, cover, colour)
    image = image + _NOISE * jax.random.normal(noise_key, image.shape)
    return WordedScene(jnp.clip(image, 0, 1), ground, count, kind, place, road > 0)


def _covered(image, opacity, colour):
    return image + opacity[..., None] * (colour - image)


def _inside(key, kind, rows, columns, cell):
    """How far each pixel lies within an object, in sides of the image; negative outside."""
    quarter, third = cell
    reach_key, row_key, column_key, turn_key = jax.random.split(key, 4)
    reach = jax.random.uniform(reach_key, minval=_REACH[0], maxval=_REACH[1])
    room = 0.125 - reach
    row = (quarter + 0.5) / MOST + room * jax.random.uniform(row_key, minval=-1.0)
    room = 1 / 6 - reach - 0.02
    column = (third + 0.5) / len(PLACES) + room * jax.random.uniform(column_key, minval=-1.0)
    angle = jax.random.uniform(turn_key, maxval=2 * jnp.pi)
    y, x = rows - row, columns - column
    u, v = jnp.cos(angle) * x + jnp.sin(angle) * y, jnp.cos(angle) * y - jnp.sin(angle) * x
    box = lambda u, v, long, wide: jnp.minimum(long - jnp.abs(u), wide - jnp.abs(v))  # noqa: E731
    body, wings = box(u, v, reach, 0.22 * reach), box(u - 0.1 * reach, v, 0.25 * reach, reach)
    tail = box(u + 0.8 * reach, v, 0.15 * reach, 0.45 * reach)
    return jnp.select(
        [kind == 0, kind == 1, kind == 2],
        [
            jnp.maximum(body, jnp.maximum(wings, tail)),
            box(x, y, 0.75 * reach, 0.75 * reach),
            0.85 * reach - jnp.hypot(x, y),
        ],
        box(u, v, 0.9 * reach, 0.45 * reach),
    )
