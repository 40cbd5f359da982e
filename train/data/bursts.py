"""Bursts of noisy frames, drawn: to train on, and as a set that no training draws."""

import jax
import numpy as np

from imaging_jax import synthesis
from train.data.data_set import DataSet, Stacked
from train.data.drawn import HELD_BACK_KEY, Drawn
from train.data.fields import Field, Fields

_FRAMES, _SIDE, _COUNT = 3, 96, 8


class Bursts(Drawn):
    """Bursts of three frames drawn on the device from the batch's key.

    Args:
      batch_size: bursts a batch.
      patch_size: height and width of a frame.
      leaves: as of `imaging_jax.synthesis.burst`.
    """

    def __init__(self, batch_size: int, patch_size: int, leaves: int = 160):
        self.batch_size = batch_size
        self.patch_size = patch_size
        self.leaves = leaves

    @property
    def fields(self) -> Fields:
        """Frames, the mask of those that are there, and the first without noise."""
        return fields_of_bursts(self.patch_size)

    def batch(self, key: jax.Array, inputs: tuple) -> dict[str, jax.Array]:
        """Draws {"frames": (N, 3, H, W, 3), "mask": (N, 3), "image": (N, H, W, 3)}."""
        del inputs
        shape = (self.patch_size, self.patch_size)
        draw = jax.vmap(lambda k: synthesis.burst(k, shape, leaves=self.leaves))
        return draw(jax.random.split(key, self.batch_size))._asdict()


def fields_of_bursts(size: int | None) -> Fields:
    """What a burst of three frames of this height and width holds; None for any."""
    return {
        "frames": Field((_FRAMES, size, size, 3), "float32", "frames", (0.0, 1.0)),
        "mask": Field((_FRAMES,), "float32", "mask", (0.0, 1.0)),
        "image": Field((size, size, 3), "float32", "image", (0.0, 1.0)),
    }


def bursts(seed: str) -> DataSet:
    """Eight bursts of 96x96 by keys that no training has; "bursts:1" are others than "bursts".

    Raises:
      ValueError: a seed that is no number.
    """
    if not (seed or "0").isdigit() or int(seed or 0) >= 2**31:
        raise ValueError(f"bursts:{seed}: wanted a number below 2**31")
    keys = jax.random.split(
        jax.random.fold_in(jax.random.key(HELD_BACK_KEY), int(seed or 0)), _COUNT
    )
    drawn = jax.jit(jax.vmap(lambda key: synthesis.burst(key, (_SIDE, _SIDE))))(keys)
    arrays = {name: np.asarray(value) for name, value in drawn._asdict().items()}
    return Stacked(f"bursts:{seed}" if seed else "bursts", fields_of_bursts(_SIDE), arrays)
