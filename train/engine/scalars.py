"""Scalars of a run: JSON lines for programs, TensorBoard events for eyes."""

import json
import os
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import jax
from tensorboardX import SummaryWriter

FILE = "scalars.jsonl"


class Scalars:
    """Appends {"step", "time", name: value} lines to `scalars.jsonl`, and events beside it.

    Args:
      folder: of the run.
      step: lines after it are cut away, since the run goes on from there.
    """

    def __init__(self, folder: Path, step: int):
        self._active = jax.process_index() == 0
        if not self._active:
            return
        self._path = Path(folder) / FILE
        _cut(self._path, step)
        self._file = self._path.open("a")
        self._events = SummaryWriter(str(Path(folder) / "events"), purge_step=step + 1)

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """Writes one line; values are plain numbers."""
        if not self._active:
            return
        self._file.write(json.dumps({"step": step, "time": round(time.time(), 3), **values}) + "\n")
        self._file.flush()
        for name, value in values.items():
            self._events.add_scalar(name, value, step)

    def close(self) -> None:
        """Flushes both files."""
        if self._active:
            with closing(self._events):
                self._file.close()


def read(path: Path) -> list[dict]:
    """The lines of a scalars file; one cut short by a killed process is left out."""
    lines = []
    if path.exists():
        for line in path.read_text().splitlines():
            try:
                lines.append(json.loads(line))
            except json.JSONDecodeError:
                continue
    return lines


def _cut(path: Path, step: int) -> None:
    if not path.exists():
        return
    kept = [json.dumps(line) for line in read(path) if line["step"] <= step]
    temporary = path.with_suffix(".part")
    temporary.write_text("".join(line + "\n" for line in kept))
    os.replace(temporary, path)
