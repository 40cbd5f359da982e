"""`python -m train.tables`: renders docs/tables.md from the records and the published cells."""

import json
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from absl import app

from train import command, records

PUBLISHED = Path(__file__).with_name("published.json")
TABLES = records.ROOT / "docs" / "tables.md"
_ORIGINS = {
    "interpolation": "ours",
    "published": "published weights",
    "trained here": "trained here",
}
_MARKS = {"P": "", "M": " (from memory)"}


def render(entries: list[dict], published: list[dict]) -> str:
    """Renders every cell beside what was published for it.

    Args:
      entries: records.
      published: cells {"system", "images", "scale", "protocol", "psnr", "ssim", "source", "mark"}.

    Raises:
      ValueError: two published values of one cell.
    """
    parts = [
        "# Tables\n",
        "Rendered by `python -m train.tables` from `results/` and `train/published.json`; "
        "PSNR in dB / SSIM.\n",
    ]
    by_cell = _by_cell(published)
    rows: dict[tuple, list[dict]] = defaultdict(list)
    for entry in entries:
        cell = entry["cell"]
        rows[cell["images"], cell["protocol"]].append(entry)
    for (images, protocol), group in sorted(rows.items()):
        parts += [f"## {images}, protocol `{protocol}`\n", *_table(group, by_cell)]
    parts += ["## Sources of the published figures\n"]
    sources = {f"- {cell['system']}: {cell['source']}{_MARKS[cell['mark']]}" for cell in published}
    return "\n".join([*parts, *sorted(sources)]) + "\n"


def _by_cell(published: Iterable[dict]) -> dict[tuple, dict]:
    found: dict[tuple, dict] = {}
    for cell in published:
        key = (cell["system"], cell["images"], cell["scale"], cell["protocol"])
        if key in found:
            raise ValueError(f"{PUBLISHED.name} has two values of {key}")
        found[key] = cell
    return found


def _table(group: list[dict], published: dict[tuple, dict]) -> list[str]:
    head = ["scale", "system", "weights", "seed", "published", *_ORIGINS.values(), "record"]
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    order = lambda e: (e["cell"]["scale"], e["cell"]["system"], e["cell"]["weights"])  # noqa: E731
    for entry in sorted(group, key=order):
        cell = entry["cell"]
        key = (cell["system"], cell["images"], cell["scale"], cell["protocol"])
        ours = [_digits(entry["values"]) if o == entry["origin"] else "" for o in _ORIGINS]
        seed = "" if cell["seed"] is None else str(cell["seed"])
        record = f"[json](../results/{records.file_name(cell)}.json)"
        printed = _digits(published[key]) if key in published else ""
        cells = [f"x{cell['scale']}", cell["system"], cell["weights"], seed, printed, *ours, record]
        lines.append("| " + " | ".join(cells) + " |")
    return [*lines, ""]


def _digits(values: dict) -> str:
    ssim = f" / {values['ssim']:.4f}" if "ssim" in values else ""
    return f"{values['psnr']:.2f}{ssim}"


def rendered() -> str:
    """The table of the records and cells that lie in this clone."""
    return render(records.read_all(), json.loads(PUBLISHED.read_text()))


def _main(arguments: list[str]) -> None:
    if len(arguments) > 1:
        raise ValueError(f"arguments that aren't flags: {' '.join(arguments[1:])}")
    TABLES.write_text(rendered())
    print(TABLES)


def main() -> None:
    """The command line."""
    app.run(command.reports(_main), flags_parser=command.parse_flags)


if __name__ == "__main__":
    sys.exit(main())
