"""Pictures restored, scored against their references beside a baseline."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np

from train.config.registry import call, look_up
from train.data import image_set, images
from train.scoring import pictures
from train.scoring.evaluators import Evaluator, mean
from train.scoring.protocols import PROTOCOLS, Protocol
from train.scoring.protocols.measures import check_measurable
from train.scoring.reviews.findings import Findings
from train.state.train_state import TrainState
from train.systems.opening import Predict, prediction, system

OURS = "ours"


@dataclass(frozen=True)
class Scoring:
    """One line of the sections `validation` and `evaluation`: a set and how it is scored.

    Attributes:
      images: the set.
      protocol: a name of `train.scoring.protocols.PROTOCOLS`.
      condition: the scale or sigma, as the protocol names it.
    """

    images: str
    protocol: str
    condition: int

    def open(self) -> tuple[Any, Protocol]:
        """Returns the set of images and the protocol."""
        return image_set(self.images), PROTOCOLS[self.protocol]


@dataclass(frozen=True)
class RestorationReview:
    """Scores restored images by the protocols of super-resolution and denoising.

    Attributes:
      task: predicts; has a `condition` and the values of it that it `serves`.
      validation: chooses the best checkpoint.
      evaluation: lines of the final table.
    """

    task: Any
    validation: Scoring
    evaluation: tuple[Scoring, ...]

    @classmethod
    def from_config(cls, config: Mapping[str, Any], task: Any) -> "RestorationReview":
        """Builds what the config's sections `validation` and `evaluation` ask for."""
        evaluation = tuple(
            _scoring(line, f"evaluation[{index}]", task)
            for index, line in enumerate(config["evaluation"])
        )
        return cls(task, _scoring(config["validation"], "validation", task), evaluation)

    def validate(self, state: TrainState, folder: Path, step: int) -> dict[str, float]:
        """Scores the validation set and draws its first image as `step_<step>.png`."""
        image_set, protocol = self.validation.open()
        predict = prediction(self.task, state)
        evaluator = Evaluator(
            predict, image_set, protocol, self.validation.condition, jax.device_count()
        )
        scores = mean(evaluator.records())
        picture = _comparison(views(predict, self.validation, 0))
        if jax.process_index() == 0:
            images.write(folder / f"step_{step:07d}.png", picture)
        return scores

    def quality(self, scores: Mapping[str, float]) -> float:
        """PSNR."""
        return scores["psnr"]

    def says(self, scores: Mapping[str, float]) -> str:
        """PSNR and where it was taken."""
        return f"validation on {self.validation.images} {scores['psnr']:.3f} dB"

    def finish(self, state: TrainState, folder: Path) -> Findings:
        """Scores the baseline and ours on every line and draws the first line's images."""
        predict = prediction(self.task, state)
        rows = [row for scoring in self.evaluation for row in _rows(scoring, predict)]
        shown = self._views_of_first_set(predict)
        if jax.process_index() == 0:
            for name, columns in shown.items():
                images.write(folder / f"{name}.png", _comparison(columns))
        return Findings(
            rows,
            {name: _cut_out(columns) for name, columns in shown.items()},
            ("before", OURS),
            "your own image: python -m train.predict --weights={run} photo.png",
        )

    def _views_of_first_set(self, predict: Predict) -> dict[str, dict[str, np.ndarray]]:
        # Every process predicts, since the parameters lie on the devices of all.
        if not self.evaluation:
            return {}
        image_set, _ = self.evaluation[0].open()
        return {
            image_set.names[index]: views(predict, self.evaluation[0], index)
            for index in range(min(len(image_set), 5))
        }


def _scoring(section: Mapping[str, Any], path: str, task: Any) -> Scoring:
    values = {**section, "condition": section.get(task.condition)}
    values.pop(task.condition, None)
    if values["condition"] is None:
        raise ValueError(f"{path}.{task.condition} is missing")
    scoring = call(Scoring, values, path)
    protocol = look_up(PROTOCOLS, scoring.protocol, f"{path}.protocol")
    if protocol.condition != task.condition:
        raise ValueError(
            f"{path}.protocol={scoring.protocol!r} goes by {protocol.condition}, "
            f"the task by {task.condition}"
        )
    if task.serves and scoring.condition not in task.serves:
        raise ValueError(
            f"{path}.{task.condition}={scoring.condition}: the task's {task.condition}s are "
            f"{task.serves}"
        )
    try:
        # Opened once here: what isn't there must not come to light after days of training.
        image_set(scoring.images)
    except ValueError as error:
        raise ValueError(f"{path}.images: {error}") from None
    try:
        check_measurable(protocol.metrics)
    except ValueError as error:
        raise ValueError(f"{path}.protocol={scoring.protocol!r}: {error}") from None
    return scoring


def _rows(scoring: Scoring, predict: Predict) -> list[dict]:
    image_set, protocol = scoring.open()
    baseline = system(protocol.baseline).predict
    rows = []
    for name, answer in ((protocol.baseline, baseline), (OURS, predict)):
        evaluator = Evaluator(answer, image_set, protocol, scoring.condition, jax.device_count())
        row = {
            "images": image_set.name,
            protocol.condition: scoring.condition,
            "protocol": protocol.name,
        }
        rows.append({**row, "system": name, **mean(evaluator.records())})
    return rows


def views(predict: Predict, scoring: Scoring, index: int) -> dict[str, np.ndarray]:
    """What one image of the set becomes, by title, (H, W, 3) uint8; what is scored is shown.

    The measurement enlarged by repetition (where it is smaller), what the baseline makes of it,
    ours, and the reference.
    """
    image_set, protocol = scoring.open()
    image = image_set.colours(index)
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


def _cut_out(shown: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    top, left, side = _busiest_square(shown, 256)
    window = (slice(top, top + side), slice(left, left + side))
    return shown[_rival(shown)][window], shown[OURS][window]
