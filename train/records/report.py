"""What a run leaves at its end: weights, a table, pictures and a page."""

import json
import shlex
from pathlib import Path
from typing import Any

import jax

from imaging_jax import pretrained
from train.config.console import say
from train.engine import scalars
from train.engine.disk import DiskFull, lacks_room
from train.engine.folder import CONFIG, STARTS, read_assets, write_text
from train.records import page as html_report
from train.records.markdown import markdown_table
from train.scoring.review import Findings, Review
from train.state.devices import host_array
from train.state.train_state import TrainState

WEIGHTS, PAGE = "weights.safetensors", "report.html"


def finish(review: Review, state: TrainState, workdir: Path, seconds: float) -> list[dict]:
    """Writes the weights, has the best state reviewed, and writes and says what was found."""
    variables = jax.tree.map(host_array, review.task.variables(state))
    if jax.process_index() == 0:
        metadata = {"config": (workdir / CONFIG).read_text(), "step": str(int(state.step))}
        if assets := read_assets(workdir):
            metadata["assets"] = json.dumps(assets)
        alone = len(variables) == 1
        exported = next(iter(variables.values())) if alone else variables
        if lacks := lacks_room(workdir, exported, WEIGHTS):
            raise DiskFull(lacks)
        pretrained.save(workdir / WEIGHTS, exported, metadata)
    findings = review.finish(state, workdir / "pictures")
    if jax.process_index() == 0:
        _write_page(workdir, findings, seconds)
        _write_table(workdir, findings)
    return findings.rows


def _write_page(workdir: Path, findings: Findings, seconds: float) -> None:
    page = html_report.render(
        title=workdir.name,
        summary=f"{seconds:.0f} seconds of training.",
        table=findings.rows,
        previews=findings.shown.previews,
        sides=findings.shown.sides,
        scalars=scalars.read(workdir / scalars.FILE),
        config=json.loads((workdir / CONFIG).read_text()),
        starts=json.loads((workdir / STARTS).read_text()),
    )
    write_text(workdir / PAGE, page)


def _write_table(workdir: Path, findings: Findings) -> None:
    table = markdown(findings.rows)
    (workdir / "table.md").write_text(table)
    say(f"\n{table}")
    say(f"pictures: {_shortest(workdir / 'pictures')}/, {_shortest(workdir / PAGE)}")
    say(findings.shown.hint.format(run=shlex.quote(str(_shortest(workdir)))))


def markdown(rows: list[dict[str, Any]]) -> str:
    """Renders rows as a Markdown table; numbers get the papers' digits."""
    if not rows:
        return ""
    names = html_report.columns(rows)
    cells = [[_cell(name, row.get(name, "")) for name in names] for row in rows]
    return markdown_table(names, cells)


def _cell(name: str, value: Any) -> str:
    if not isinstance(value, float):
        return str(value)
    return f"{value:.2f}" if name == "psnr" else f"{value:.4f}"


def _shortest(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
