"""Renders docs/tables.md from the records and the published cells."""

import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from train.records import record as records
from train.records.markdown import markdown_table
from train.scoring.conditions import condition_words
from train.scoring.metrics import METRICS, words

PUBLISHED = Path(__file__).with_name("published.json")
PAGE = records.ROOT / "docs" / "tables.md"
_ORIGINS = {
    "interpolation": "ours",
    "fitted": "fitted here",
    "published": "published weights",
    "trained here": "trained here",
}
_MARKS = {"P": "", "M": " (from memory)", "R": " (recomputed in numpy, not printed)"}


def render(entries: list[dict], published: list[dict]) -> str:
    """Renders every cell beside what was published for it.

    Args:
      entries: records.
      published: cells {"paper", "images", "scale" or "sigma", "protocol", metrics by
        name, "source", "mark"}; "scale" is null where the source doesn't tell it. Those that
        nothing here reproduces yet have rows of their own.

    Raises:
      ValueError: two published values of one cell.
    """
    parts = [
        "# Tables\n",
        "Rendered by `python -m train.tables` from `results/` and `train/records/published.json`; "
        "PSNR in dB / SSIM, and what else a protocol measures: AG, the average gradient "
        "(larger is sharper); LPIPS, NIQE and PI (smaller is better). Spectra: energy of the image "
        "over that of the error, in dB. Autoencoders: squared "
        "error summed over an image, nats an image. Generators: the Fréchet distance of a judge's "
        "features to the real images, classes with at least 1 % of what is drawn, their divergence "
        "from uniform, the judge's confidence.\n",
    ]
    by_cell = _by_cell(published)
    rows: dict[tuple, list[tuple]] = defaultdict(list)
    reproduced = set()
    for entry in entries:
        cell = entry["cell"]
        key = (entry.get("paper"), *_place(cell))
        reproduced.add(key)
        rows[cell["images"], cell["protocol"]].append(_row(entry, by_cell.get(key)))
    for key in by_cell.keys() - reproduced:
        cell = by_cell[key]
        rows[cell["images"], cell["protocol"]].append(_unreproduced(cell))
    for (images, protocol), group in sorted(rows.items()):
        parts += [f"## {images}, protocol `{protocol}`\n", _table(group)]
    for entry in entries:
        parts += _curve(entry)
    parts += ["## Sources of the published figures\n"]
    sources = {f"- {cell['paper']}: {cell['source']}{_MARKS[cell['mark']]}" for cell in published}
    return "\n".join([*parts, *sorted(sources)]) + "\n"


def _by_cell(published: Iterable[dict]) -> dict[tuple, dict]:
    found: dict[tuple, dict] = {}
    for cell in published:
        key = (cell["paper"], *_place(cell))
        if key in found:
            raise ValueError(f"{PUBLISHED.name} has two values of {key}")
        found[key] = cell
    return found


def _place(cell: dict) -> tuple:
    return cell["images"], condition_words(cell), cell["protocol"]


def _table(rows: list[tuple]) -> str:
    head = ["condition", "system", "weights", "seed", "published", *_ORIGINS.values(), "record"]
    return markdown_table(head, sorted(rows))


def _row(entry: dict, printed: dict | None) -> tuple[str, ...]:
    cell = entry["cell"]
    ours = [words(entry["values"]) if o == entry["origin"] else "" for o in _ORIGINS]
    seed = "" if cell["seed"] is None else str(cell["seed"])
    record = f"[json](../results/{records.file_name(cell)}.json)"
    published = _printed(printed) if printed else ""
    name = entry.get("paper", cell["system"])
    return (condition_words(cell), name, cell["weights"], seed, published, *ours, record)


def _unreproduced(cell: dict) -> tuple[str, ...]:
    empty = [""] * len(_ORIGINS)
    return (condition_words(cell), cell["paper"], "", "", _printed(cell), *empty, "")


def _curve(entry: dict) -> list[str]:
    """How a generator's scores changed while it trained."""
    curve = (entry["training"] or {}).get("validation", [])
    if "samples" not in entry["cell"] or not curve:
        return []
    rows = [(str(line["step"]), _printed(line)) for line in curve]
    title = f"### {entry['cell']['weights']}, seed {entry['cell']['seed']}\n"
    return [title, markdown_table(["step", "scores"], rows)]


def _printed(cell: dict) -> str:
    """The metrics among what else a published cell, or a line of a curve, says."""
    return words({name: value for name, value in cell.items() if name in METRICS})


def rendered() -> str:
    """The table of the records and cells that lie in this clone."""
    return render(records.read_all(), json.loads(PUBLISHED.read_text()))
