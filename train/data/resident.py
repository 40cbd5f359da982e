"""Data sets that lie whole on the device, of which batches are cut inside the compiled step."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import repeat
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from train.data.augmentations import Augment
from train.data.fields import Fields
from train.data.spatial import (
    as_float,
    flip_and_turn,
    from_rows_first,
    numbers_a_pixel,
    of_patches,
    rows_first,
    spatial,
    to_float,
)
from train.state.devices import place_replicated, replicated

# Offsets into a flat buffer are int32.
LIMIT = 2**31 - 1


class Resident:
    """What sources share whose arrays are placed once."""

    streamed = False
    arrays: dict[str, Any]

    def inputs(self, step: int, mesh) -> Iterator[dict]:
        """The arrays, placed once."""
        del step
        return repeat(place_replicated(self.arrays, mesh))

    def input_shapes(self, mesh) -> dict:
        """Shapes of what `inputs` gives."""
        place = replicated(mesh)
        return jax.tree.map(
            lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=place), self.arrays
        )


class ResidentItems(Resident):
    """Whole items of one size, drawn uniformly.

    Args:
      fields: of an item.
      arrays: {field: (N, ...)}.
      batch_size: items a batch.
      assets: of the data set, see `train.data.data_set.DataSet`.
      augment: changes images (N, H, W, C) in [0, 1] by a key.
    """

    def __init__(
        self,
        fields: Fields,
        arrays: dict[str, np.ndarray],
        batch_size: int,
        assets: Mapping[str, Any],
        augment: Augment,
    ):
        self.batch_size = batch_size
        self._augment = augment
        self.assets = dict(assets)
        self.arrays = dict(arrays)
        self.fields = {name: as_float(field) for name, field in fields.items()}
        self._levels = dict(fields)

    def batch(self, key: jax.Array, inputs: dict) -> dict[str, jax.Array]:
        """Picks {field: (batch_size, ...)}, levels mapped to [0, 1]."""
        count = len(next(iter(self.arrays.values())))
        index = jax.random.randint(key, (self.batch_size,), 0, count)
        items = {name: to_float(self._levels[name], x[index]) for name, x in inputs.items()}
        return items | {"image": self._augment(jax.random.fold_in(key, 1), items["image"])}


class ResidentPatches(Resident):
    """Patches cut at one place of all fields of an item, and turned alike.

    Each field with rows and columns lies in one flat buffer of its own type, items one after the
    other; other fields are stacked.

    Args:
      fields: of an item.
      items: {field: value} each, rows and columns of any number.
      batch_size: patches a batch.
      patch_size: their height and width.
      assets: of the data set, see `train.data.data_set.DataSet`.
      turn: (key, patch (H, H, C)) -> the same, turned or flipped.

    Raises:
      ValueError: fields of one item that differ in rows or columns, or more numbers in a field
        than offsets count.
    """

    def __init__(
        self,
        fields: Fields,
        items: Sequence[dict],
        batch_size: int,
        patch_size: int,
        assets: Mapping[str, Any],
        turn: Callable[[jax.Array, jax.Array], jax.Array] = flip_and_turn,
    ):
        self.batch_size = batch_size
        self.assets = dict(assets)
        self.patch_size = patch_size
        self._turn = turn
        self.fields = of_patches(fields, patch_size)
        self._levels = dict(fields)
        self._cut = spatial(fields)
        laid = {
            name: [rows_first(field, item[name]) for item in items]
            for name, field in self._cut.items()
        }
        sizes = _common_sizes(laid)
        pixels = sizes.astype(np.int64).prod(axis=1)
        for name, field in self._cut.items():
            if pixels.sum() * numbers_a_pixel(field) > LIMIT:
                raise ValueError(f"{name} takes over {LIMIT:,} numbers, too many to be resident")
        self.arrays = {
            "values": {
                name: np.concatenate([value.reshape(-1) for value in values])
                for name, values in laid.items()
            },
            "offsets": (np.cumsum(pixels) - pixels).astype(np.int32),
            "sizes": sizes,
            "others": {
                name: np.stack([item[name] for item in items])
                for name in fields
                if name not in self._cut
            },
        }

    def batch(self, key: jax.Array, inputs: dict) -> dict[str, jax.Array]:
        """Cuts {field: (batch_size, ...)}, levels mapped to [0, 1]."""
        keys = jax.random.split(key, self.batch_size)
        patches = jax.vmap(lambda k: self._patch(k, inputs))(keys)
        return {name: to_float(self._levels[name], value) for name, value in patches.items()}

    def _patch(self, key, inputs):
        which, where, turn = jax.random.split(key, 3)
        index = jax.random.randint(which, (), 0, inputs["sizes"].shape[0])
        height, width = inputs["sizes"][index]
        size = self.patch_size
        top, left = jax.random.randint(where, (2,), 0, jnp.stack([height, width]) - size + 1)
        starts = inputs["offsets"][index] + (top + jnp.arange(size)) * width + left

        def cut(name, field):
            depth, buffer = numbers_a_pixel(field), inputs["values"][name]
            row = lambda start: jax.lax.dynamic_slice(buffer, (start * depth,), (size * depth,))  # noqa: E731
            patch = jax.vmap(row)(starts).reshape(size, size, depth)
            return from_rows_first(field, self._turn(turn, patch))

        others = {name: values[index] for name, values in inputs["others"].items()}
        return {name: cut(name, field) for name, field in self._cut.items()} | others


def _common_sizes(laid: dict[str, list[np.ndarray]]) -> np.ndarray:
    (first, values), *rest = laid.items()
    sizes = np.array([value.shape[:2] for value in values], np.int32)
    for name, others in rest:
        for index, (size, other) in enumerate(zip(sizes, others, strict=True)):
            if tuple(size) != other.shape[:2]:
                raise ValueError(
                    f"item {index}: {name} has {other.shape[0]}x{other.shape[1]} pixels, "
                    f"{first} {size[0]}x{size[1]}"
                )
    return sizes
