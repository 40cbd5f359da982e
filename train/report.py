"""What a run shows: previews on the way; at its end a table, pictures and weights."""

import json
from pathlib import Path
from typing import Any

import jax
import numpy as np

from imaging_jax import pretrained
from train import html_report, images, pictures, protocols, scalars
from train.console import say
from train.evaluators import Evaluator, Predict, mean, prediction
from train.experiment import Experiment
from train.folder import CONFIG, STARTS
from train.state import TrainState
from train.systems import interpolation
from train.tasks.super_resolution import NETWORK

WEIGHTS, PAGE = "weights.safetensors", "report.html"


def preview(predict: Predict, image_set, protocol, scale: int, folder: Path, step: int) -> None:
    """Writes the comparison of the set's first image as `step_<step>.png`."""
    picture = compare(predict, image_set, 0, protocol, scale)
    if jax.process_index() == 0:
        images.write(folder / f"step_{step:07d}.png", picture)


def compare(predict: Predict, image_set, index: int, protocol, scale: int) -> np.ndarray:
    """Draws LR | bicubic | ours | HR of one image, with a zoomed crop."""
    return _comparison(views(predict, image_set, index, protocol, scale))


def views(predict: Predict, image_set, index: int, protocol, scale: int) -> dict[str, np.ndarray]:
    """LR, bicubic, ours and HR of one image, by title, (H, W, 3) uint8; what is scored is shown."""
    image = images.without_alpha(images.to_uint8(image_set[index]))
    reference = image[None].astype(np.float64) / 255.0
    lr, reference = protocols.degrade(protocol, reference, scale)
    shown = {
        "low resolution": pictures.enlarge(np.asarray(lr[0]), scale),
        "bicubic": np.asarray(interpolation("bicubic").predict(lr, scale))[0],
        "ours": np.asarray(predict(np.asarray(lr), scale))[0],
        "high resolution": np.asarray(reference[0]),
    }
    return {title: images.to_rgb(images.from_float(image)) for title, image in shown.items()}


def _comparison(shown: dict[str, np.ndarray]) -> np.ndarray:
    return pictures.comparison(list(shown.items()), _busiest_square(shown, 64))


def _busiest_square(shown: dict[str, np.ndarray], side: int) -> tuple[int, int, int]:
    # Chosen by the bicubic image, so that it shows strong edges and flatters nobody.
    image = shown["bicubic"]
    return pictures.busiest_square(image, min(side, *image.shape[:2]))


def finish(experiment: Experiment, state: TrainState, workdir: Path, seconds: float) -> list[dict]:
    """Scores the best state on the evaluation sets, draws them, writes weights and says it all."""
    predict = prediction(experiment.task, state)
    rows = []
    for scoring in experiment.evaluation:
        image_set, protocol = scoring.open()
        for name, system in (("bicubic", interpolation("bicubic").predict), ("ours", predict)):
            evaluator = Evaluator(
                system, image_set, protocol, scoring.scale, batch_size=jax.device_count()
            )
            scores = mean(evaluator.records())
            row = {"images": image_set.name, "scale": scoring.scale, "protocol": protocol.name}
            rows.append({**row, "system": name, **scores})
    shown = _views_of_first_set(experiment, predict)
    if jax.process_index() == 0:
        for name, columns in shown.items():
            images.write(workdir / "pictures" / f"{name}.png", _comparison(columns))
        _write_page(workdir, rows, shown, seconds)
        _write_table(state, workdir, rows)
    return rows


def _views_of_first_set(
    experiment: Experiment, predict: Predict
) -> dict[str, dict[str, np.ndarray]]:
    # Every process predicts, since the parameters lie on the devices of all.
    if not experiment.evaluation:
        return {}
    scoring = experiment.evaluation[0]
    image_set, protocol = scoring.open()
    return {
        image_set.names[index]: views(predict, image_set, index, protocol, scoring.scale)
        for index in range(min(len(image_set), 5))
    }


def _write_page(workdir: Path, rows, shown: dict[str, dict[str, np.ndarray]], seconds) -> None:
    page = html_report.render(
        title=workdir.name,
        summary=f"{seconds:.0f} seconds of training.",
        table=rows,
        previews={name: _cut_out(columns) for name, columns in shown.items()},
        sides=("bicubic", "ours"),
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
    return shown["bicubic"][window], shown["ours"][window]


def _write_table(state: TrainState, workdir: Path, rows: list[dict]) -> None:
    table = markdown(rows)
    (workdir / "table.md").write_text(table)
    metadata = {"config": (workdir / "config.json").read_text(), "step": str(int(state.step))}
    pretrained.save(workdir / WEIGHTS, state.variables(NETWORK), metadata)
    say(f"\n{table}")
    say(f"pictures: {_shortest(workdir / 'pictures')}/, {_shortest(workdir / PAGE)}")
    say(f"your own image: python -m train.predict --weights={_shortest(workdir)} photo.png")


def markdown(rows: list[dict[str, Any]]) -> str:
    """Renders rows of equal keys as a Markdown table; numbers get the papers' digits."""
    digits = {"psnr": "{:.2f}", "ssim": "{:.4f}"}
    if not rows:
        return ""
    names = list(rows[0])
    lines = ["| " + " | ".join(names) + " |", "|" + " --- |" * len(names)]
    for row in rows:
        cells = [digits.get(name, "{}").format(row[name]) for name in names]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _shortest(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
