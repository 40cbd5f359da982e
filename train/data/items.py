"""Items of one size without images, drawn uniformly on the device."""

import jax

from train.data.data_sets import data_set
from train.data.fields import Fields
from train.data.resident import Resident


class Items(Resident):
    """Items of a set, all of its fields.

    Args:
      images: see `train.data.data_sets.data_set`; a set of any fields of floats and one size.
      batch_size: items a batch.
    """

    def __init__(self, images: str, batch_size: int):
        source = data_set(images)
        self.batch_size = batch_size
        self.assets = source.assets
        self.fields: Fields = dict(source.fields)
        self.arrays = dict(source.arrays)

    def batch(self, key: jax.Array, inputs: dict) -> dict[str, jax.Array]:
        """Picks {field: (batch_size, ...)}."""
        count = len(next(iter(self.arrays.values())))
        index = jax.random.randint(key, (self.batch_size,), 0, count)
        return {name: values[index] for name, values in inputs.items()}
