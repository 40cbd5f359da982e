"""What a run shows: previews on the way; at its end a table, pictures and weights."""

from pathlib import Path
from typing import Any

import jax
import numpy as np

from imaging_jax import pretrained
from train import images, pictures, protocols
from train.console import say
from train.evaluators import Evaluator, Predict, mean, prediction
from train.experiment import Experiment
from train.state import TrainState
from train.systems import interpolation
from train.tasks.super_resolution import NETWORK

WEIGHTS = "weights.safetensors"


def preview(predict: Predict, image_set, protocol, scale: int, folder: Path, step: int) -> None:
    """Writes the comparison of the set's first image as `step_<step>.png`."""
    picture = compare(predict, image_set, 0, protocol, scale)
    if jax.process_index() == 0:
        images.write(folder / f"step_{step:07d}.png", picture)


def compare(predict: Predict, image_set, index: int, protocol, scale: int) -> np.ndarray:
    """Draws LR | bicubic | ours | HR of one image, with a zoomed crop; what is scored is shown."""
    image = images.without_alpha(images.to_uint8(image_set[index]))
    reference = image[None].astype(np.float64) / 255.0
    lr, reference = protocols.degrade(protocol, reference, scale)
    shown = {
        "low resolution": pictures.enlarge(np.asarray(lr[0]), scale),
        "bicubic": np.asarray(interpolation("bicubic").predict(lr, scale))[0],
        "ours": np.asarray(predict(np.asarray(lr), scale))[0],
        "high resolution": np.asarray(reference[0]),
    }
    columns = [(title, images.to_rgb(images.from_float(x))) for title, x in shown.items()]
    side = min(64, *columns[-1][1].shape[:2])
    # Chosen by the bicubic image, so that it shows strong edges and flatters nobody.
    crop = pictures.busiest_square(columns[1][1], side)
    return pictures.comparison(columns, crop)


def finish(experiment: Experiment, state: TrainState, workdir: Path) -> list[dict]:
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
    drawn = _draw(experiment, predict)
    if jax.process_index() == 0:
        for name, picture in drawn.items():
            images.write(workdir / "pictures" / f"{name}.png", picture)
        _write_table(state, workdir, rows)
    return rows


def _draw(experiment: Experiment, predict: Predict) -> dict[str, np.ndarray]:
    # Every process predicts, since the parameters lie on the devices of all.
    if not experiment.evaluation:
        return {}
    scoring = experiment.evaluation[0]
    image_set, protocol = scoring.open()
    return {
        image_set.names[index]: compare(predict, image_set, index, protocol, scoring.scale)
        for index in range(min(len(image_set), 5))
    }


def _write_table(state: TrainState, workdir: Path, rows: list[dict]) -> None:
    table = markdown(rows)
    (workdir / "table.md").write_text(table)
    metadata = {"config": (workdir / "config.json").read_text(), "step": str(int(state.step))}
    pretrained.save(workdir / WEIGHTS, state.variables(NETWORK), metadata)
    say(f"\n{table}")
    say(f"pictures: {_shortest(workdir / 'pictures')}/")
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
