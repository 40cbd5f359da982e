"""Records: every number of a table, and where it comes from."""

import json
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import jax

from train.data.image_sets import ImageSet
from train.systems import System

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "results"
_PACKAGES = ("jax", "jaxlib", "flax", "numpy")


def record(
    system: System,
    images: ImageSet,
    scale: int,
    protocol,
    scores: dict,
    per_image: list,
    seconds: float,
) -> dict:
    """One cell with all its metrics, and the command, commit and machine that made it."""
    return {
        "cell": {
            "system": system.name,
            "weights": system.weights,
            "images": images.name,
            "scale": scale,
            "protocol": protocol.name,
            "seed": system.seed,
        },
        "origin": system.origin,
        "values": scores,
        "per_image": per_image,
        "protocol": {**protocol.__dict__, "border": protocol.border(scale)},
        "training": system.training,
        **provenance(),
        "weights_sha256": system.sha256,
        "data_sha256": images.sha256(),
        "precision": "network float32, degradation and scores float64",
        "seconds": round(seconds, 2),
    }


def provenance() -> dict:
    """The command, commit, device and versions of the running program."""
    # Records and tables may differ from the commit: they are what is being made.
    changed = _git("status", "--porcelain", "--", ".", ":!results", ":!docs/tables.md")
    return {
        "command": " ".join(["python", "-m", *_module_and_arguments()]),
        "commit": _git("rev-parse", "HEAD"),
        "clean": not changed,
        "device": f"{jax.device_count()} x {jax.devices()[0].device_kind}",
        "versions": {"python": platform.python_version(), **{p: version(p) for p in _PACKAGES}},
    }


def write(entry: dict, folder: Path = RESULTS) -> Path:
    """Writes a record under the name of its cell: a new value replaces the old."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{file_name(entry['cell'])}.json"
    temporary = file.with_suffix(".part")
    temporary.write_text(json.dumps(entry, indent=1) + "\n")
    os.replace(temporary, file)
    return file


def read_all(folder: Path = RESULTS) -> list[dict]:
    """All records, in order of file name.

    Raises:
      ValueError: a file that isn't a record, or two of one cell; names the files.
    """
    entries, seen = [], {}
    for file in sorted(folder.glob("*.json")):
        entry = json.loads(file.read_text())
        try:
            name = file_name(entry["cell"])
        except (KeyError, TypeError) as error:
            raise ValueError(f"{file} is not a record: {error}") from None
        if name in seen:
            raise ValueError(f"{file} and {seen[name]} both record {name}")
        seen[name] = file
        entries.append(entry)
    return entries


def file_name(cell: dict) -> str:
    """The cell as a file's stem: system__weights__images_x3__protocol[__seed0]."""
    seed = "" if cell["seed"] is None else f"__seed{cell['seed']}"
    words = f"{cell['system']}__{cell['weights']}__{cell['images']}_x{cell['scale']}"
    return f"{words}__{cell['protocol']}{seed}".replace("/", "_").replace(":", "_")


def _module_and_arguments() -> list[str]:
    file = Path(sys.argv[0])
    module = f"train.{file.stem}" if file.parent.name == "train" else file.stem
    return [module, *sys.argv[1:]]


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""
