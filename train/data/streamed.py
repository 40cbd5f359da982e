"""Data sets read while they are trained on, each batch by one call that knows only (seed, step)."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np
from absl import flags

from train.config.console import say
from train.data.augmentations import Augment
from train.data.data_set import DataSet
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
from train.state.devices import place_batch, split_over_devices

Item = dict[str, Any]


class _Streamed(ABC):
    """What sources share whose rows are made on the host, each by its step and place alone.

    Args:
      source: the data set.
      batch_size: rows a batch, over all devices.
      seed: of the run.
      skip: goes on without items that can't be used, and says so, rather than stop.
      workers: processes that read ahead; 0 reads in threads.

    Raises:
      ValueError: a batch that the processes don't divide.
    """

    streamed = True

    def __init__(self, source: DataSet, batch_size: int, seed: int, skip: bool, workers: int):
        if batch_size % jax.process_count():
            raise ValueError(
                f"data.batch_size={batch_size} isn't a multiple of {jax.process_count()} processes"
            )
        self.source = source
        self.assets = source.assets
        self.batch_size = batch_size
        self.seed = seed
        self.skip = skip
        self.workers = workers
        self.skipped: set[int] = set()
        share = batch_size // jax.process_count()
        self.rows = range(jax.process_index() * share, (jax.process_index() + 1) * share)

    @abstractmethod
    def row(self, generator: np.random.Generator) -> Item:
        """Makes one row of a batch."""

    @abstractmethod
    def row_shape(self, name: str) -> tuple[int, ...]:
        """The shape of a field of `row`."""

    def inputs(self, step: int, mesh) -> Iterator[dict[str, jax.Array]]:
        """Batches from `step` on, read ahead by grain."""
        import grain

        steps = grain.MapDataset.range(step, 2**31 - 1).map(self.host_batch)
        if self.workers:
            # Grain's workers read absl flags, which nobody parses in a notebook.
            if not flags.FLAGS.is_parsed():
                flags.FLAGS.mark_as_parsed()
            options = grain.multiprocessing.MultiprocessingOptions(num_workers=self.workers)
            stream = steps.to_iter_dataset().mp_prefetch(options)
        else:
            stream = steps.to_iter_dataset(grain.ReadOptions(num_threads=4, prefetch_buffer_size=8))
        for batch in stream:
            yield place_batch(batch, mesh)

    def input_shapes(self, mesh) -> dict[str, jax.ShapeDtypeStruct]:
        """Shapes of what `inputs` gives."""
        place = split_over_devices(mesh)
        return {
            name: jax.ShapeDtypeStruct(
                (self.batch_size, *self.row_shape(name)), field.dtype, sharding=place
            )
            for name, field in self.source.fields.items()
        }

    def host_batch(self, step: int) -> dict[str, np.ndarray]:
        """This process's rows of batch `step`: {field: (rows, ...)}."""
        made = [self.row(np.random.default_rng([self.seed, step, row])) for row in self.rows]
        return {name: np.stack([item[name] for item in made]) for name in self.source.fields}

    def usable(self, generator: np.random.Generator) -> Item:
        """Draws an item.

        Raises:
          ValueError: one that can't be used, where none is skipped, or a hundred in a row.
        """
        # Each draw of an unusable item is followed by another, from the same stream.
        for _ in range(100):
            index = int(generator.integers(len(self.source)))
            try:
                return self.source[index]
            except ValueError as error:
                if not self.skip:
                    raise ValueError(f"{error}; data.on_error=skip goes on without it") from None
                self.skipped.add(index)
                say(f"skipped: {error} ({len(self.skipped)} unusable so far)", once=str(error))
        raise ValueError(f"{self.source.name}: 100 items drawn in a row can't be used")


class StreamedItems(_Streamed):
    """Whole items of one size, drawn uniformly.

    Args:
      source: the data set.
      batch_size: items a batch, over all devices.
      seed: of the run.
      augment: changes images (N, H, W, C) in [0, 1] by a key, on the device.
      skip: as of all streamed sources.
      workers: likewise.
    """

    def __init__(
        self,
        source: DataSet,
        batch_size: int,
        seed: int,
        augment: Augment,
        skip: bool,
        workers: int,
    ):
        super().__init__(source, batch_size, seed, skip, workers)
        self._augment = augment
        self.fields = {name: as_float(field) for name, field in source.fields.items()}

    def row(self, generator: np.random.Generator) -> Item:
        """An item."""
        return self.usable(generator)

    def row_shape(self, name: str) -> tuple[int, ...]:
        """That of the field."""
        return self.source.fields[name].shape

    def batch(self, key: jax.Array, inputs: dict[str, jax.Array]) -> dict[str, jax.Array]:
        """Changes {field: (batch_size, ...)}, levels mapped to [0, 1]."""
        items = {name: to_float(self.source.fields[name], x) for name, x in inputs.items()}
        return items | {"image": self._augment(key, items["image"])}


class StreamedPatches(_Streamed):
    """Patches cut on the host at one place of all fields of an item, turned alike on the device.

    Args:
      source: the data set.
      batch_size: patches a batch, over all devices.
      patch_size: their height and width.
      seed: of the run.
      prepare: (generator, item) -> item, applied before cutting, such as a random rescaling.
      skip: as of all streamed sources.
      workers: likewise.
    """

    def __init__(
        self,
        source: DataSet,
        batch_size: int,
        patch_size: int,
        seed: int,
        prepare: Callable[[np.random.Generator, Item], Item],
        skip: bool,
        workers: int,
    ):
        super().__init__(source, batch_size, seed, skip, workers)
        self.patch_size = patch_size
        self.fields = of_patches(source.fields, patch_size)
        self.prepare = prepare
        self._cut = spatial(source.fields)

    def row_shape(self, name: str) -> tuple[int, ...]:
        """Rows and columns first."""
        field, size = self.source.fields[name], self.patch_size
        return (size, size, numbers_a_pixel(field)) if name in self._cut else field.shape

    def row(self, generator: np.random.Generator) -> Item:
        """A patch of an item, rows and columns first."""
        item = self.prepare(generator, self.usable(generator))
        laid = {name: rows_first(field, item[name]) for name, field in self._cut.items()}
        height, width = next(iter(laid.values())).shape[:2]
        size = self.patch_size
        top, left = (int(generator.integers(n - size + 1)) for n in (height, width))
        patches = {
            name: value[top : top + size, left : left + size] for name, value in laid.items()
        }
        others = {name: item[name] for name in self.source.fields if name not in self._cut}
        return patches | others

    def batch(self, key: jax.Array, inputs: dict[str, jax.Array]) -> dict[str, jax.Array]:
        """Turns and flips {field: (batch_size, ...)}, levels mapped to [0, 1]."""
        keys = jax.random.split(key, self.batch_size)

        def turned(name, value):
            field = self.source.fields[name]
            if name in self._cut:
                turn = lambda key, patch: from_rows_first(field, flip_and_turn(key, patch))  # noqa: E731
                value = jax.vmap(turn)(keys, value)
            return to_float(field, value)

        return {name: turned(name, value) for name, value in inputs.items()}
