"""What a run shows: previews on the way; at its end a table, pictures and weights."""

import json
from pathlib import Path
from typing import Any

import jax
import numpy as np

from imaging_jax import pretrained
from train import html_report, images, pictures, scalars
from train.console import say
from train.evaluators import Evaluator, Predict, mean, prediction
from train.experiment import Experiment, Scoring
from train.folder import CONFIG, STARTS
from train.state import TrainState
from train.systems import system
from train.tasks.supervised import NETWORK

WEIGHTS, PAGE = "weights.safetensors", "report.html"
OURS = "ours"


def preview(predict: Predict, scoring: Scoring, folder: Path, step: int) -> None:
    """Writes the comparison of the set's first image as `step_<step>.png`."""
    picture = _comparison(views(predict, scoring, 0))
    if jax.process_index() == 0:
        images.write(folder / f"step_{step:07d}.png", picture)


def views(predict: Predict, scoring: Scoring, index: int) -> dict[str, np.ndarray]:
    """What one image of the set becomes, by title, (H, W, 3) uint8; what is scored is shown.

    The measurement enlarged by repetition (where it is smaller), what the baseline makes of it,
    ours, and the reference.
    """
    image_set, protocol = scoring.open()
    image = images.without_alpha(images.to_uint8(image_set[index]))
    batch = image[None].astype(np.float64) / 255.0
    measured, reference = protocol.degrade(batch, scoring.condition, [index])
    shown = {}
    if measured.shape[1] < reference.shape[1]:
        shown["measured"] = pictures.enlarge(np.asarray(measured[0]), scoring.condition)
    baseline = system(protocol.baseline).predict(np.asarray(measured), scoring.condition)
    shown[protocol.baseline] = np.asarray(baseline)[0]
    shown[OURS] = np.asarray(predict(np.asarray(measured), scoring.condition))[0]
    shown["reference"] = np.asarray(reference[0])
    return {title: images.to_rgb(images.from_float(image)) for title, image in shown.items()}


def _comparison(shown: dict[str, np.ndarray]) -> np.ndarray:
    return pictures.comparison(list(shown.items()), _busiest_square(shown, 64))


def _busiest_square(shown: dict[str, np.ndarray], side: int) -> tuple[int, int, int]:
    # Chosen by what ours is compared with, so that it shows strong edges and flatters nobody.
    image = shown[_rival(shown)]
    return pictures.busiest_square(image, min(side, *image.shape[:2]))


def _rival(shown: dict[str, np.ndarray]) -> str:
    """The title that stands just before ours."""
    titles = list(shown)
    return titles[titles.index(OURS) - 1]


def finish(experiment: Experiment, state: TrainState, workdir: Path, seconds: float) -> list[dict]:
    """Writes the weights, scores the best state on the evaluation sets, draws and says it all."""
    if jax.process_index() == 0:
        metadata = {"config": (workdir / CONFIG).read_text(), "step": str(int(state.step))}
        pretrained.save(workdir / WEIGHTS, state.variables(NETWORK), metadata)
    predict = prediction(experiment.task, state)
    rows = []
    for scoring in experiment.evaluation:
        image_set, protocol = scoring.open()
        baseline = system(protocol.baseline).predict
        for name, answer in ((protocol.baseline, baseline), (OURS, predict)):
            evaluator = Evaluator(
                answer, image_set, protocol, scoring.condition, batch_size=jax.device_count()
            )
            scores = mean(evaluator.records())
            row = {
                "images": image_set.name,
                protocol.condition: scoring.condition,
                "protocol": protocol.name,
            }
            rows.append({**row, "system": name, **scores})
    shown = _views_of_first_set(experiment, predict)
    if jax.process_index() == 0:
        for name, columns in shown.items():
            images.write(workdir / "pictures" / f"{name}.png", _comparison(columns))
        _write_page(workdir, rows, shown, seconds)
        _write_table(workdir, rows)
    return rows


def _views_of_first_set(
    experiment: Experiment, predict: Predict
) -> dict[str, dict[str, np.ndarray]]:
    # Every process predicts, since the parameters lie on the devices of all.
    if not experiment.evaluation:
        return {}
    scoring = experiment.evaluation[0]
    image_set, _ = scoring.open()
    return {
        image_set.names[index]: views(predict, scoring, index)
        for index in range(min(len(image_set), 5))
    }


def _write_page(workdir: Path, rows, shown: dict[str, dict[str, np.ndarray]], seconds) -> None:
    page = html_report.render(
        title=workdir.name,
        summary=f"{seconds:.0f} seconds of training.",
        table=rows,
        previews={name: _cut_out(columns) for name, columns in shown.items()},
        sides=("before", OURS),
        scalars=scalars.read(workdir / "scalars.jsonl"),
        config=json.loads((workdir / CONFIG).read_text()),
        starts=json.loads((workdir / STARTS).read_text()),
    )
    unfinished = workdir / f".{PAGE}.part"
    unfinished.write_text(page)
    unfinished.replace(workdir / PAGE)


def _cut_out(shown: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    top, left, side = _busiest_square(shown, 256)
    window = (slice(top, top + side), slice(left, left + side))
    return shown[_rival(shown)][window], shown[OURS][window]


def _write_table(workdir: Path, rows: list[dict]) -> None:
    table = markdown(rows)
    (workdir / "table.md").write_text(table)
    say(f"\n{table}")
    say(f"pictures: {_shortest(workdir / 'pictures')}/, {_shortest(workdir / PAGE)}")
    say(f"your own image: python -m train.predict --weights={_shortest(workdir)} photo.png")


def markdown(rows: list[dict[str, Any]]) -> str:
    """Renders rows as a Markdown table; numbers get the papers' digits."""
    if not rows:
        return ""
    names = html_report.columns(rows)
    lines = ["| " + " | ".join(names) + " |", "|" + " --- |" * len(names)]
    for row in rows:
        lines.append("| " + " | ".join(_cell(name, row.get(name, "")) for name in names) + " |")
    return "\n".join(lines) + "\n"


def _cell(name: str, value: Any) -> str:
    if not isinstance(value, float):
        return str(value)
    return f"{value:.2f}" if name == "psnr" else f"{value:.4f}"


def _shortest(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
