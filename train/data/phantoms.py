"""Phantoms of tomography, drawn: to train on, and as sets that no training draws."""

from functools import partial

import jax

from imaging_jax import synthesis
from train.data.data_set import DataSet
from train.data.drawn import Drawn, drawn_kind, drawn_set
from train.data.fields import Field, Fields

_COUNT = 25


class EllipsePhantoms(Drawn):
    """Phantoms of `imaging_jax.synthesis.ellipse_phantom` drawn on the device.

    Args:
      batch_size: phantoms a batch.
      patch_size: their height and width.
    """

    def __init__(self, batch_size: int, patch_size: int):
        self.batch_size = batch_size
        self.patch_size = patch_size

    @property
    def fields(self) -> Fields:
        """Grey images."""
        return _fields(self.patch_size)

    def batch(self, key: jax.Array, inputs: tuple) -> dict[str, jax.Array]:
        """Draws {"image": (batch_size, patch_size, patch_size, 1)} in [0, 1]."""
        del inputs
        return _drawn(key, self.batch_size, self.patch_size)


def ellipses(key: int, side: str) -> DataSet:
    """Opens "<pixels a side>": 25 phantoms by a key that no training has.

    Raises:
      ValueError: no number of pixels.
    """
    name = drawn_kind("ellipses", key)
    if not (side.isdigit() and int(side) > 1):
        raise ValueError(f"{name}:{side}: wanted {name}:<pixels a side>")
    draw = partial(_drawn, count=_COUNT, side=int(side))
    return drawn_set(f"{name}:{side}", key, _fields(int(side)), draw)


def _fields(side: int) -> Fields:
    return {"image": Field((side, side, 1), "float32", "image", (0.0, 1.0))}


def _drawn(key, count, side):
    draw = jax.vmap(lambda k: synthesis.ellipse_phantom(k, side))
    return {"image": draw(jax.random.split(key, count))}
