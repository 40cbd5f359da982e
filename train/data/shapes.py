"""Objects that lie upon each other, made on the device, with a mask each."""

from functools import partial

import jax

from imaging_jax import synthesis
from train.data.data_set import DataSet
from train.data.drawn import Drawn, drawn_kind, drawn_set
from train.data.fields import Field, Fields

_OBJECTS, _COUNT = 6, 200


class Shapes(Drawn):
    """Images of discs, rectangles and polygons drawn on the device from the batch's key.

    Args:
      batch_size: images a batch.
      patch_size: their height and width.
      channels: as of `imaging_jax.synthesis.shapes`, like the next.
      objects: how many there may be.
    """

    def __init__(
        self, batch_size: int, patch_size: int, channels: int = 3, objects: int = _OBJECTS
    ):
        self.batch_size = batch_size
        self.patch_size = patch_size
        self.channels = channels
        self.objects = objects

    @property
    def fields(self) -> Fields:
        """Images, and what is seen of each object."""
        return _fields(self.patch_size, self.channels, self.objects)

    def batch(self, key: jax.Array, inputs: tuple) -> dict[str, jax.Array]:
        """Draws {"image": (N, H, W, channels), "masks": (N, objects, H, W) booleans}."""
        del inputs
        return _drawn(key, self.batch_size, self.patch_size, self.channels, self.objects)


def shapes(key: int, rest: str) -> DataSet:
    """Opens "<side>:<channels>[:<count>]": images by a key that no training has, 200 without.

    Raises:
      ValueError: other words.
    """
    name = drawn_kind("shapes", key)
    words = rest.split(":")
    numbers = [int(word) for word in words if word.isdigit()]
    fits = len(numbers) == len(words) in (2, 3) and numbers[0] > 1 and numbers[1] in (1, 3)
    if not fits or 0 in numbers:
        raise ValueError(f"{name}:{rest}: wanted {name}:<pixels a side>:<1 or 3>[:<count>]")
    side, channels, count = (*numbers, _COUNT)[:3]
    draw = partial(_drawn, count=count, side=side, channels=channels, objects=_OBJECTS)
    return drawn_set(f"{name}:{rest}", key, _fields(side, channels, _OBJECTS), draw)


def _fields(side: int, channels: int, objects: int) -> Fields:
    return {
        "image": Field((side, side, channels), "float32", "image", (0.0, 1.0)),
        "masks": Field((objects, side, side), "bool", "mask"),
    }


def _drawn(key, count, side, channels, objects):
    draw = partial(synthesis.shapes, shape=(side, side), objects=objects, channels=channels)
    return jax.vmap(draw)(jax.random.split(key, count))._asdict()
