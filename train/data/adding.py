"""The adding problem, drawn: two numbers of a long series are marked, and wanted is their sum."""

from functools import partial

import jax
import jax.numpy as jnp

from train.data.data_set import DataSet
from train.data.drawn import Drawn, drawn_kind, drawn_set
from train.data.fields import Field, Fields

_COUNT = 1_000


class Adding(Drawn):
    """Series of the adding problem drawn on the device from the batch's key.

    Args:
      batch_size: series a batch.
      length: their steps.

    Raises:
      ValueError: fewer than 2 steps.
    """

    def __init__(self, batch_size: int, length: int):
        if length < 2:
            raise ValueError(f"data.length={length}: wanted at least 2 steps")
        self.batch_size = batch_size
        self.length = length

    @property
    def fields(self) -> Fields:
        """The series, and the sum."""
        return _fields(self.length)

    def batch(self, key: jax.Array, inputs: tuple) -> dict[str, jax.Array]:
        """Draws {"series": (batch_size, length, 2), "target": (batch_size, 1)}."""
        del inputs
        return _drawn(key, self.batch_size, self.length)


def adding(key: int, length: str) -> DataSet:
    """Opens "<steps>": 1,000 series by a key that no training has.

    Raises:
      ValueError: other words.
    """
    name = drawn_kind("adding", key)
    if not length.isdigit() or int(length) < 2:
        raise ValueError(f"{name}:{length}: wanted {name}:<steps, at least 2>")
    draw = partial(_drawn, count=_COUNT, length=int(length))
    return drawn_set(f"{name}:{length}", key, _fields(int(length)), draw)


def _fields(length: int) -> Fields:
    return {
        "series": Field((length, 2), "float32", "series"),
        "target": Field((1,), "float32", "figure"),
    }


def _drawn(key, count, length):
    """Numbers uniform in [0, 1]; one of each half is marked (Hochreiter, Schmidhuber, 1997)."""
    numbers_key, first_key, second_key = jax.random.split(key, 3)
    numbers = jax.random.uniform(numbers_key, (count, length))
    half = length // 2
    first = jax.random.randint(first_key, (count,), 0, half)
    second = jax.random.randint(second_key, (count,), half, length)
    marks = jax.nn.one_hot(first, length) + jax.nn.one_hot(second, length)
    sums = jnp.sum(numbers * marks, axis=1, keepdims=True)
    return {"series": jnp.stack([numbers, marks], axis=-1), "target": sums}
