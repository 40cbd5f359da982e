"""Data sets read while they are trained on, each batch by one call that knows only (seed, step)."""

from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np
from absl import flags

from train.config.console import say
from train.data.data_set import DataSet
from train.data.spatial import (
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


class StreamedPatches:
    """Patches cut on the host at one place of all fields of an item, turned alike on the device.

    Args:
      source: the data set.
      batch_size: patches a batch, over all devices.
      patch_size: their height and width.
      seed: of the run.
      prepare: (generator, item) -> item, applied before cutting, such as a random rescaling.
      skip: goes on without items that can't be used, and says so, rather than stop.
      workers: processes that read ahead; 0 reads in threads.

    Raises:
      ValueError: a batch that the processes don't divide.
    """

    streamed = True

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
        if batch_size % jax.process_count():
            raise ValueError(
                f"data.batch_size={batch_size} isn't a multiple of {jax.process_count()} processes"
            )
        self.source = source
        self.assets = source.assets
        self.batch_size = batch_size
        self.patch_size = patch_size
        self.fields = of_patches(source.fields, patch_size)
        self.seed = seed
        self.prepare = prepare
        self.skip = skip
        self.workers = workers
        self.skipped: set[int] = set()
        self._cut = spatial(source.fields)
        share = batch_size // jax.process_count()
        self.rows = range(jax.process_index() * share, (jax.process_index() + 1) * share)

    def inputs(self, step: int, mesh) -> Iterator[dict[str, jax.Array]]:
        """Batches of patches from `step` on, read ahead by grain."""
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
        place, size = split_over_devices(mesh), self.patch_size

        def shape(name, field):
            inner = (size, size, numbers_a_pixel(field)) if name in self._cut else field.shape
            return jax.ShapeDtypeStruct((self.batch_size, *inner), field.dtype, sharding=place)

        return {name: shape(name, field) for name, field in self.source.fields.items()}

    def host_batch(self, step: int) -> dict[str, np.ndarray]:
        """This process's rows of batch `step`: {field: (rows, ...)}, rows and columns first."""
        patches = [self._patch(step, row) for row in self.rows]
        return {name: np.stack([p[name] for p in patches]) for name in self.source.fields}

    def _patch(self, step: int, row: int) -> Item:
        generator = np.random.default_rng([self.seed, step, row])
        item = self.prepare(generator, self._usable(generator))
        laid = {name: rows_first(field, item[name]) for name, field in self._cut.items()}
        height, width = next(iter(laid.values())).shape[:2]
        size = self.patch_size
        top, left = (int(generator.integers(n - size + 1)) for n in (height, width))
        patches = {
            name: value[top : top + size, left : left + size] for name, value in laid.items()
        }
        others = {name: item[name] for name in self.source.fields if name not in self._cut}
        return patches | others

    def _usable(self, generator: np.random.Generator) -> Item:
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
