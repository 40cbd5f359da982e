"""Records: every number of a table, and where it comes from."""

import json
import re
from pathlib import Path
from typing import Any

from train.engine.folder import write_json
from train.engine.provenance import ROOT, provenance
from train.scoring.conditions import condition_words
from train.scoring.evaluation import Evaluation

RESULTS = ROOT / "results"
# The folders of an absolute path but the last: they tell of one machine, and move no figure.
_FOLDERS = re.compile(r"(?<![\w.}/~])/(?!/)(?:[^\s:,'\"/]+/)*(?=[^\s:,'\"/]+/[^\s:,'\"/]+)")
# Beyond so many, the images of a set aren't listed one by one.
_LISTED = 1_000


def record(evaluation: Evaluation) -> dict:
    """One cell with all its metrics, and the command, commit and machine that made it.

    Of absolute paths it keeps the last two names.
    """
    system, protocol = evaluation.system, evaluation.protocol
    origin = system.origin
    listed = evaluation.per_item if len(evaluation.per_item) <= _LISTED else []
    entry = {
        "cell": {
            "system": system.name,
            "weights": system.weights,
            **evaluation.place,
            "seed": origin.seed,
        },
        **({"paper": origin.paper} if origin.paper else {}),
        "origin": origin.kind,
        "values": evaluation.values,
        **({"per_image": listed} if listed else {}),
        "protocol": protocol.described(evaluation.value),
        "settings": dict(origin.settings),
        "training": origin.training,
        **provenance(),
        "weights_sha256": origin.sha256,
        "data_sha256": evaluation.dataset.sha256(),
        "precision": f"{origin.precision}, scores {protocol.precision}",
        "seconds": round(evaluation.seconds, 2),
    }
    return _without_folders(entry)


def _without_folders(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_folders(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_without_folders(entry) for entry in value]
    return _FOLDERS.sub("", value) if isinstance(value, str) else value


def write(entry: dict, folder: Path = RESULTS) -> Path:
    """Writes a record under the name of its cell: a new value replaces the old."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{file_name(entry['cell'])}.json"
    write_json(file, entry)
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
    """The cell as a file's stem: system__weights__images_x3__protocol[__seed0], or …_sigma25…."""
    seed = "" if cell["seed"] is None else f"__seed{cell['seed']}"
    condition = condition_words(cell)
    place = f"{cell['images']}_{condition.replace(' ', '')}" if condition else cell["images"]
    name = f"{cell['system']}__{cell['weights']}__{place}__{cell['protocol']}{seed}"
    for separator in (", ", "/", ":"):
        name = name.replace(separator, "_")
    return name
