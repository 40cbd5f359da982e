"""Data sets: named sequences of items whose fields are known before a file is opened."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from train.data.fields import Fields


class DataSet(Sequence):
    """A named sequence of items, each read when asked for.

    Attributes:
      name: as it stands in tables.
      fields: what an item holds, by name.
      names: one an item.
      load: index -> {field: value}, without a batch axis.
      assets: what a prediction needs beside the items, such as {"classes": names of the labels}; a
        run saves it.
    """

    def __init__(
        self,
        name: str,
        fields: Fields,
        names: Sequence[str],
        load: Callable[[int], dict[str, np.ndarray]],
        assets: Mapping[str, Any] | None = None,
    ):
        self.name = name
        self.fields = fields
        self.names = list(names)
        self.load = load
        self.assets = dict(assets or {})

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> dict[str, Any]:
        if not 0 <= index < len(self):
            raise IndexError(f"{self.name} has {len(self)} items, asked for {index}")
        return {"index": index, **self.load(index)}

    @cached_property
    def arrays(self) -> dict[str, np.ndarray]:
        """Every field of all items, stacked: of sets whose items are of one size."""
        items = [self.load(index) for index in range(len(self))]
        return {name: np.stack([item[name] for item in items]) for name in self.fields}

    def check_one_size(self) -> None:
        """Raises a ValueError where images may be of many sizes, so that they can't be stacked."""
        if None in self.fields["image"].shape:
            raise ValueError(f"{self.name}: wanted images of one size")

    def floats(self, name: str) -> np.ndarray:
        """One field of all items, (N, ...) float32, levels mapped to [0, 1] by their white."""
        return self.arrays[name].astype(np.float32) / np.float32(self.fields[name].white)

    def stacked(self, name: str, indices: Sequence[int]) -> np.ndarray:
        """One field of some items of one size, (N, ...), levels divided by their white."""
        return self.together((name,), indices)[name] / self.fields[name].white

    def together(self, names: Sequence[str], indices: Sequence[int]) -> dict[str, np.ndarray]:
        """Some fields of some items of one size as they are, (N, ...), each item read once."""
        items = [self[index] for index in indices]
        return {name: np.stack([item[name] for item in items]) for name in names}

    def sha256(self) -> str:
        """Digest of all items, so that a record tells what was scored."""
        digest = hashlib.sha256()
        for index in range(len(self)):
            item = self.load(index)
            for name in self.fields:
                value = np.ascontiguousarray(item[name])
                digest.update(str(value.shape).encode())
                digest.update(value.tobytes())
        return digest.hexdigest()

    def part(self, name: str, indices: Sequence[int]) -> "DataSet":
        """The set of some of its items, under another name."""
        indices = list(indices)
        names = [self.names[i] for i in indices]
        return DataSet(name, self.fields, names, lambda i: self.load(indices[i]), self.assets)


class Stacked(DataSet):
    """A set whose items are of one size, read whole.

    Args:
      name: as it stands in tables.
      fields: what an item holds.
      arrays: {field: (N, ...)}.
      assets: see `DataSet`.
    """

    def __init__(
        self,
        name: str,
        fields: Fields,
        arrays: Mapping[str, np.ndarray],
        assets: Mapping[str, Any] | None = None,
    ):
        count = len(next(iter(arrays.values())))
        super().__init__(
            name,
            fields,
            [str(i) for i in range(count)],
            lambda i: {key: values[i] for key, values in arrays.items()},
            assets,
        )
        self.__dict__["arrays"] = dict(arrays)
