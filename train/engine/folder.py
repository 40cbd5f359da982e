"""The run folder: who may write there, and what it tells of the run."""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
from jax.experimental import multihost_utils

from train.config.settings import SECTIONS, check_same, plain
from train.engine import scalars
from train.engine.provenance import provenance

CONFIG, STARTS, RESULT = "config.json", "starts.json", "result.json"
BEST, LAST = "best", "checkpoints"
VALIDATION = "validation/"


def is_run(folder: Path) -> bool:
    """Whether a run was started here: its config has the sections of ours."""
    try:
        return set(SECTIONS) <= json.loads((folder / CONFIG).read_text()).keys()
    except (OSError, ValueError, AttributeError):
        return False


def open_folder(config: Mapping[str, Any], workdir: Path, overwrite: bool) -> None:
    """Makes `workdir` the folder of this config's run, on every process.

    Raises:
      ValueError: the folder holds something else, or a run of another config that has saved a
        checkpoint; nothing is changed then.
    """
    used = workdir.exists() and any(workdir.iterdir())
    if used and not is_run(workdir):
        raise ValueError(f"{workdir} is neither empty nor a run folder; nothing was changed in it")
    saved = list((workdir / LAST).glob("[0-9]*"))
    if saved and not overwrite:
        check_same(config, workdir / CONFIG)
    _barrier("checked")
    if jax.process_index() == 0:
        if overwrite and used:
            _delete(workdir)
        workdir.mkdir(parents=True, exist_ok=True)
        write_json(workdir / CONFIG, plain(config))
    _barrier("opened")


def _delete(folder: Path) -> None:
    # Renamed first, so that a process killed half-way leaves no folder that is half a run.
    doomed = folder.with_name(f".{folder.name}.deleted")
    shutil.rmtree(doomed, ignore_errors=True)
    folder.rename(doomed)
    shutil.rmtree(doomed)


def note_start(workdir: Path) -> None:
    """Adds where and how this process trains to the run's list of starts."""
    if jax.process_index() == 0:
        write_json(workdir / STARTS, [*_starts(workdir), provenance()])


def write_result(workdir: Path, table: list[dict], seconds: float) -> None:
    """Writes the final table and how long the training took."""
    if jax.process_index() == 0:
        write_json(workdir / RESULT, {"table": table, "seconds": round(seconds, 1)})


def training_of(run: Path) -> dict[str, Any]:
    """How a run was trained.

    Returns:
      {"starts": [command, commit, device, …], "validation": [{"step", figure, …}, …], "seconds" if
      it is done}.
    """
    done = json.loads((run / RESULT).read_text()) if (run / RESULT).is_file() else {}
    curve = [
        {"step": line["step"]}
        | {
            key.removeprefix(VALIDATION): value
            for key, value in line.items()
            if key.startswith(VALIDATION)
        }
        for line in scalars.read(run / scalars.FILE)
        if any(key.startswith(VALIDATION) for key in line)
    ]
    rest = {key: value for key, value in done.items() if key != "table"}
    return {"starts": _starts(run), "validation": curve, **rest}


def _starts(workdir: Path) -> list[dict]:
    file = workdir / STARTS
    return json.loads(file.read_text()) if file.is_file() else []


def write_json(file: Path, value: Any) -> None:
    """Writes JSON; the file is whole at every moment."""
    temporary = file.with_name(f".{file.name}.part")
    temporary.write_text(json.dumps(value, indent=1) + "\n")
    os.replace(temporary, file)


def _barrier(name: str) -> None:
    if jax.process_count() > 1:
        multihost_utils.sync_global_devices(name)
