"""What networks of several frames have in common, by which tasks know them."""

from typing import ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import check_at_least


class MultiFrameNetwork(nn.Module):
    """Makes one larger image of frames of a place: (N, T, h, w, C) and their clear pixels.

    Its call takes ``frames`` ``(N, T, h, w, C)`` and ``clear`` ``(N, T, h, w, 1)``, 1 where a
    pixel is clear: a frame that isn't there has none. The first frame is the one that the result
    lies upon.

    Attributes:
        registered: whether the frames must be moved upon the first by whole pixels before.
        channels: of a frame.
    """

    takes: ClassVar[tuple[str, ...]] = ("frames", "clear")
    registered: ClassVar[bool] = False


def clearest_first(frames: jax.Array, clear: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Sorts frames and their clear pixels by how many pixels are clear; ties keep their order.

    Args:
        frames: ``(N, T, h, w, C)``.
        clear: ``(N, T, h, w, 1)``, 1 for clear pixels.
    """
    order = jnp.argsort(-_shares(clear), axis=1)
    return _taken(frames, order), _taken(clear, order)


def first_of(frames: jax.Array, clear: jax.Array, count: int) -> tuple[jax.Array, jax.Array]:
    """The first frames of sorted ones, again from the first where fewer are there.

    Args:
        frames: ``(N, T, h, w, C)``, those that are there first.
        clear: ``(N, T, h, w, 1)``, 1 for clear pixels.
        count: how many are wanted.
    """
    there = jnp.sum(_shares(clear) > 0, axis=1, keepdims=True)
    index = jnp.arange(count) % jnp.clip(there, 1, count)
    return _taken(frames, index), _taken(clear, index)


def check_odd(model: str, frames: int) -> None:
    """Raises ValueError unless the frames a network takes are an odd number of 3 at least."""
    check_at_least(3, model, frames=frames)
    if frames % 2 == 0:
        raise ValueError(f"{model}: frames={frames}: wanted an odd number")


def there(clear: jax.Array) -> jax.Array:
    """Which frames of ``(N, T, h, w, 1)`` are there: ``(N, T)`` of zeros and ones."""
    return (_shares(clear) > 0).astype(clear.dtype)


def _shares(clear):
    return jnp.mean(clear, axis=(2, 3, 4))


def _taken(x, index):
    return jnp.take_along_axis(x, index[:, :, None, None, None], axis=1)
