"""Checkpoints that know when they are damaged or belong to another model."""

import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np
import orbax.checkpoint as ocp
from jax.experimental import multihost_utils

from train.config.console import say
from train.engine.disk import DiskFull, lacks_room
from train.state.devices import host_array
from train.state.train_state import TrainState, leaf_name


class Checkpoints:
    """Asynchronous checkpoints of one run in one folder.

    Beside every state lies a list of its leaves (path, shape, type, CRC-32). It tells a damaged
    file, which bit rot or a full disk leaves and the file format doesn't see, and another model's
    checkpoint, by name of the first leaf that differs.

    Args:
      folder: made if it isn't there.
      keep: how many of the last are kept; None opens the folder for reading and changes nothing
        in it, since another process may be writing there.
    """

    def __init__(self, folder: Path, keep: int | None):
        self.folder = Path(folder).absolute()
        self._reading = keep is None
        if self._reading:
            options = ocp.CheckpointManagerOptions(read_only=True)
        else:
            options = ocp.CheckpointManagerOptions(
                max_to_keep=keep, enable_async_checkpointing=True, cleanup_tmp_directories=True
            )
        self._manager = ocp.CheckpointManager(self.folder, options=options)

    def save(self, state: TrainState, note: Mapping[str, Any] | None = None) -> None:
        """Starts writing `state` and a JSON `note` under its step; a step there already is kept."""
        step = int(state.step)
        if step in self._manager.all_steps():
            return
        self.check_room(state)
        arguments = ocp.args.Composite(
            state=ocp.args.StandardSave(state),
            leaves=ocp.args.JsonSave(_describe(state)),
            note=ocp.args.JsonSave(dict(note or {})),
        )
        self._manager.save(step, args=arguments)

    def check_room(self, state: TrainState) -> None:
        """Raises a DiskFull, on every process, where the disk doesn't hold another checkpoint."""
        # The save before still takes room, and gives that of the oldest back.
        self.wait()
        lacks = lacks_room(self.folder, state, "a checkpoint")
        if not _everywhere(not lacks):
            raise DiskFull(lacks or f"{self.folder} is full")

    def wait(self) -> None:
        """Returns when every save begun is on disk."""
        self._manager.wait_until_finished()

    def close(self) -> None:
        """Waits and lets go of the folder."""
        self._manager.close()

    def steps(self) -> list[int]:
        """The steps on disk, in order."""
        return sorted(self._manager.all_steps())

    def note(self, step: int) -> dict[str, Any]:
        """The note saved with a step."""
        return self._manager.restore(
            step, args=ocp.args.Composite(note=ocp.args.JsonRestore())
        ).note

    def restore_last(self, wanted: Callable[[int], TrainState]) -> TrainState | None:
        """Restores the last undamaged checkpoint, or None where there is none at all.

        A damaged one is said, set aside under another name unless the folder is open for reading,
        and the one before it is taken. An error of the system, such as a folder that may not be
        read, is no damage and is raised.

        Args:
          wanted: step -> a state of shapes and placements; the devices may be others than
            those it was saved from.

        Raises:
          OtherModel: the checkpoint belongs to another model; names the first leaf that differs.
          AllDamaged: none of those there can be read.
        """
        steps = self.steps()
        for step in reversed(steps):
            state, leaves, damage = None, {}, None
            try:
                state, leaves = self._read(step, wanted(step))
            except OtherModel:
                raise
            except (ValueError, KeyError, EOFError, FileNotFoundError) as error:
                damage = _brief(error)
            # Processes that read different bytes must not go on from different steps; and what is
            # cut over them is compared by all together.
            if _everywhere(damage is None):
                damage = _changed(state, leaves)
                if _everywhere(damage is None):
                    return state
            say(f"checkpoint {self.folder / str(step)} is damaged: {damage or 'elsewhere'}")
            if not self._reading:
                self._set_aside(step)
        if steps:
            raise AllDamaged(f"every checkpoint under {self.folder} is damaged")
        return None

    def _read(self, step: int, wanted: TrainState) -> tuple[TrainState, Mapping[str, list]]:
        """A step's state, and the list of its leaves."""
        leaves = self._manager.restore(
            step, args=ocp.args.Composite(leaves=ocp.args.JsonRestore())
        ).leaves
        _check_model(leaves, wanted, self.folder / str(step))
        state = self._manager.restore(
            step, args=ocp.args.Composite(state=ocp.args.StandardRestore(wanted))
        ).state
        return state, leaves

    def _set_aside(self, step: int) -> None:
        if jax.process_index() == 0:
            names = (f"damaged_{step}{suffix}" for suffix in ("", *(f"_{i}" for i in range(2, 99))))
            free = next(name for name in names if not (self.folder / name).exists())
            (self.folder / str(step)).rename(self.folder / free)
            say(f"it is set aside as {self.folder / free}")
        _everywhere(True)
        self._manager.reload()


class AllDamaged(ValueError):
    """There are checkpoints, and none can be read."""


class OtherModel(ValueError):
    """A checkpoint whose leaves aren't those wanted."""


def _everywhere(ok: bool) -> bool:
    if jax.process_count() == 1:
        return ok
    return bool(multihost_utils.process_allgather(np.array(ok)).all())


def _changed(state: TrainState, leaves: Mapping[str, list]) -> str | None:
    """Which leaf isn't what was written, in words; None where all are."""
    for path, (_, _, checksum) in _describe(state).items():
        if checksum != leaves[path][2]:
            return f"{path} isn't what was written"
    return None


def _describe(state: TrainState) -> dict[str, list]:
    leaves = {}
    for path, leaf in jax.tree_util.tree_leaves_with_path(state):
        if jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            leaf = jax.random.key_data(leaf)
        data = np.ascontiguousarray(host_array(leaf))
        leaves[leaf_name(path)] = [
            list(leaf.shape),
            str(leaf.dtype),
            zlib.crc32(data.reshape(-1).view(np.uint8)),
        ]
    return leaves


def _check_model(found: Mapping[str, list], wanted: TrainState, where: Path) -> None:
    expected = {}
    for path, leaf in jax.tree_util.tree_leaves_with_path(wanted):
        if jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            leaf = jax.eval_shape(jax.random.key_data, leaf)
        expected[leaf_name(path)] = [list(leaf.shape), str(leaf.dtype)]
    for path in [*expected, *found]:
        here, there = expected.get(path), found.get(path, [None, None])[:2]
        if path not in found:
            raise OtherModel(f"{where} is of another model: it has no {path}, wanted {here}")
        if path not in expected:
            raise OtherModel(f"{where} is of another model: it has {path}, which this one lacks")
        if here != there:
            raise OtherModel(f"{where} is of another model: {path} is {there}, wanted {here}")


def _brief(error: Exception) -> str:
    lines = str(error).splitlines()
    return f"{type(error).__name__}: {lines[0][:200] if lines else ''}"
