"""Hyperspectral cubes made on the device: to train on, and as sets that no training draws."""

from functools import partial

import jax
import numpy as np

from imaging_jax import synthesis
from train.data.data_set import DataSet, Stacked
from train.data.drawn import Drawn, drawn_kind
from train.data.fields import Fields, cubes_of

_MEMBERS, _COUNT = 6, 4


class MadeCubes(Drawn):
    """Cubes drawn on the device from the batch's key.

    Args:
      batch_size: cubes a batch.
      patch_size: their height and width.
      bands: as of `imaging_jax.synthesis.spectral_cube`, like the next.
      members: number of materials.
    """

    def __init__(self, batch_size: int, patch_size: int, bands: int = 31, members: int = _MEMBERS):
        self.batch_size = batch_size
        self.patch_size = patch_size
        self.bands = bands
        self.members = members

    @property
    def fields(self) -> Fields:
        """Cubes of the size of a patch."""
        return {"image": cubes_of(self.bands, self.patch_size, self.patch_size)}

    def batch(self, key: jax.Array, inputs: tuple) -> dict[str, jax.Array]:
        """Draws {"image": (batch_size, patch_size, patch_size, bands)} in [0, 1]."""
        del inputs
        return {"image": _drawn(key, self.batch_size, self.patch_size, self.bands, self.members)}


def made_cubes(key: int, rest: str) -> DataSet:
    """Opens "<side>:<bands>:<count>": cubes of six materials by a key that no training has.

    Without a count, four.

    Raises:
      ValueError: other words.
    """
    name = drawn_kind("made_cubes", key)
    words = rest.split(":")
    numbers = [int(word) for word in words if word.isdigit()]
    if len(numbers) != len(words) or len(words) not in (2, 3) or numbers[0] < 2 or 0 in numbers:
        raise ValueError(f"{name}:{rest}: wanted {name}:<pixels a side>:<bands>[:<count>]")
    side, bands, count = (*numbers, _COUNT)[:3]
    draw = partial(_drawn, count=count, side=side, bands=bands, members=_MEMBERS)
    cubes = np.asarray(jax.jit(draw)(jax.random.key(key)))
    fields = {"image": cubes_of(bands, side, side)}
    return Stacked(f"{name}:{rest}", fields, {"image": cubes})


def _drawn(key, count, side, bands, members):
    draw = jax.vmap(lambda k: synthesis.spectral_cube(k, (side, side), bands, members))
    return draw(jax.random.split(key, count))
