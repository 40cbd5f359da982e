"""The run folder: who may write there, and what it tells of the run."""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
from jax.experimental import multihost_utils

from train.config.settings import DEFAULTS, REQUIRED, check_same, differences, plain
from train.engine import scalars
from train.engine.disk import check_folder
from train.engine.lock import LOCK, OWNER
from train.engine.provenance import provenance

CONFIG, STARTS, RESULT = "config.json", "starts.json", "result.json"
ASSETS = "assets.json"
BEST, LAST = "best", "checkpoints"
VALIDATION = "validation/"
# Of what a run folder holds, noted with every start; a folder without a number has the first.
FORMAT = 2
_DELETED = ".deleted"


def is_run(folder: Path) -> bool:
    """Whether a run was started here: its config has the sections that those of every run have."""
    try:
        return set(REQUIRED) <= json.loads((folder / CONFIG).read_text()).keys()
    except (OSError, ValueError, AttributeError):
        return False


def read_config(run: Path) -> dict[str, Any]:
    """The config of a run; sections that came later than the run have their defaults.

    Raises:
      ValueError: no run there, or one of a format that came later than this code.
    """
    if not is_run(run):
        raise ValueError(f"{run} is not a run folder: it has no {CONFIG} of ours")
    found = max((start.get("format", 1) for start in _starts(run)), default=1)
    if found > FORMAT:
        raise ValueError(f"{run} is a run folder of format {found}, this code reads up to {FORMAT}")
    return {**DEFAULTS, **json.loads((run / CONFIG).read_text())}


def check_place(workdir: Path) -> None:
    """Raises a ValueError where a folder is neither empty nor a run's, or is a file."""
    check_folder(workdir)
    ours = {LOCK, OWNER, _DELETED}
    used = workdir.exists() and any(path.name not in ours for path in workdir.iterdir())
    if used and not is_run(workdir):
        raise ValueError(f"{workdir} is neither empty nor a run folder; nothing was changed in it")


def open_folder(
    config: Mapping[str, Any], workdir: Path, overwrite: bool
) -> dict[str, tuple[Any, Any]]:
    """Makes `workdir`, which is held alone, the folder of this config's run, on every process.

    Returns:
      {key: (there, now)} where a run that goes on was made with other values; noted as a start.

    Raises:
      ValueError: the folder holds something else, or a run that has saved a checkpoint and was
        trained by another config; nothing is changed then.
    """
    check_place(workdir)
    saved = [int(path.name) for path in (workdir / LAST).glob("[0-9]*") if path.name.isdigit()]
    changed = {}
    if saved and not overwrite:
        changed = differences(read_config(workdir), plain(config))
        check_same(changed, workdir, max(saved))
    _barrier("checked")
    if jax.process_index() == 0:
        if overwrite:
            _empty(workdir)
        if not saved and not list((workdir / LAST).glob("damaged_*")):
            # Of a start that was stopped before its first checkpoint, perhaps by another config.
            shutil.rmtree(workdir / BEST, ignore_errors=True)
        if changed:
            note_start(workdir, changed)
        write_json(workdir / CONFIG, plain(config))
    _barrier("opened")
    return changed


def _empty(folder: Path) -> None:
    """Deletes all but the lock; where it is killed half-way, a run is left that saved nothing."""
    doomed = folder / _DELETED
    shutil.rmtree(doomed, ignore_errors=True)
    if (folder / LAST).exists():
        (folder / LAST).rename(doomed)
    for path in sorted(folder.iterdir(), key=lambda path: path.name == CONFIG):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name not in (LOCK, OWNER):
            path.unlink()


def note_start(workdir: Path, changed: Mapping[str, tuple[Any, Any]] | None = None) -> None:
    """Adds where and how this process trains, and what it changed, to the run's list of starts."""
    if jax.process_index() == 0:
        start = {"format": FORMAT, **provenance(), **({"changed": changed} if changed else {})}
        write_json(workdir / STARTS, [*_starts(workdir), start])


def write_assets(workdir: Path, assets: Mapping[str, Any]) -> None:
    """Writes what a prediction needs of the data, such as the names of classes; not if nothing."""
    if assets and jax.process_index() == 0:
        write_json(workdir / ASSETS, dict(assets))


def read_assets(workdir: Path) -> dict[str, Any]:
    """Reads what `write_assets` wrote; empty where it wrote nothing."""
    file = workdir / ASSETS
    return json.loads(file.read_text()) if file.is_file() else {}


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
    write_text(file, json.dumps(value, indent=1) + "\n")


def write_text(file: Path, text: str) -> None:
    """Writes a text; the file is whole at every moment."""
    temporary = file.with_name(f".{file.name}.{os.getpid()}.part")
    temporary.write_text(text)
    os.replace(temporary, file)


def _barrier(name: str) -> None:
    if jax.process_count() > 1:
        multihost_utils.sync_global_devices(name)
