"""Images drawn from noise, compared with real ones, and a collapse that is said."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import jax
import numpy as np

from train.config.registry import call, look_up
from train.data import images
from train.scoring import pictures
from train.scoring.protocols.generation import GENERATION, Generation, real_deviation
from train.scoring.reviews.findings import Findings
from train.state.train_state import TrainState
from train.systems.generators import BATCH, GeneratorSystem

_SHOWN = 100
# The final table draws others than those by which the best checkpoint was chosen.
_VALIDATION, _FINAL = 2**31 - 1, 2**31 - 2
# Fewer modes than these, or pixels that vary by less than this share of the real ones', are called
# a collapse.
_FEW_MODES, _LITTLE = 2, 0.15


@dataclass(frozen=True)
class Comparison:
    """One line of the sections `validation` and `evaluation`.

    Attributes:
      images: the real set, see `train.data.labelled_images.labelled_images`.
      protocol: a name of `train.scoring.protocols.generation.GENERATION`.
      samples: how many images are drawn.
    """

    images: str
    protocol: str
    samples: int = 10_000

    @property
    def opened(self) -> Generation:
        """The protocol."""
        return GENERATION[self.protocol]


@dataclass(frozen=True)
class GenerationReview:
    """Scores what a state draws.

    Attributes:
      task: draws by `sample(state, z, labels)`, has `latent` and `classes`.
      validation: chooses the best checkpoint, by Fréchet distance.
      evaluation: lines of the final table.
      seed: of what is drawn.
    """

    task: Any
    validation: Comparison
    evaluation: tuple[Comparison, ...]
    seed: int

    @classmethod
    def from_config(cls, config: Mapping[str, Any], task: Any) -> "GenerationReview":
        """Builds what the config's sections `validation` and `evaluation` ask for."""
        evaluation = tuple(
            _comparison(line, f"evaluation[{index}]", task)
            for index, line in enumerate(config["evaluation"])
        )
        validation = _comparison(config["validation"], "validation", task)
        return cls(task, validation, evaluation, config["seed"])

    def validate(self, state: TrainState, folder: Path, step: int) -> dict[str, float]:
        """Scores images drawn from a fixed key and shows the first as `step_<step>.png`."""
        drawn, labels = self._draw(state, _VALIDATION, self.validation.samples)
        if jax.process_index() == 0:
            images.write(folder / f"step_{step:07d}.png", sheet(drawn))
        return self.validation.opened.score(drawn, labels, self.validation.images)

    def quality(self, scores: Mapping[str, float]) -> float:
        """Minus the Fréchet distance."""
        return -scores["fid"]

    def says(self, scores: Mapping[str, float]) -> str:
        """The Fréchet distance, and a collapse where there is one."""
        words = [f"FID {scores['fid']:.1f} to {self.validation.images}"]
        if "modes" in scores:
            words.append(
                f"{scores['modes']:.0f} modes, KL {scores['kl']:.3f}, "
                f"confidence {scores['confidence']:.3f}"
            )
        real = real_deviation(self.validation.opened, self.validation.images)
        return "; ".join([*words, *collapse(scores, real)])

    def finish(self, state: TrainState, folder: Path) -> Findings:
        """Scores every line and shows what is drawn."""
        rows = []
        for line in self.evaluation:
            drawn, labels = self._draw(state, _FINAL, line.samples)
            scores = line.opened.score(drawn, labels, line.images)
            place = {"images": line.images, "samples": line.samples, "protocol": line.protocol}
            rows.append({**place, "system": "ours", **scores})
        picture = sheet(self._draw(state, _FINAL, BATCH)[0])
        if jax.process_index() == 0:
            images.write(folder / "samples.png", picture)
        return Findings(
            rows, {"samples": (picture,)}, hint="more: python -m train.sample --system={run}"
        )

    def _draw(self, state: TrainState, key: int, count: int):
        system = GeneratorSystem(
            "ours",
            "",
            partial(self.task.sample, state),
            self.task.latent,
            classes=self.task.classes,
        )
        return system.sample(jax.random.fold_in(jax.random.key(self.seed), key), count)


def collapse(scores: Mapping[str, float], real_deviation: float) -> list[str]:
    """Says that nearly all images are one, by the judge's classes or by their pixels."""
    said = []
    if scores.get("modes", np.inf) <= _FEW_MODES:
        said.append(
            f"collapse: {scores['main_share']:.0%} of the images are judged as "
            f"{scores['main_class']:.0f}"
        )
    if scores["pixel_deviation"] < _LITTLE * real_deviation:
        said.append(
            f"collapse: pixels vary by {scores['pixel_deviation']:.3f} from image to image, "
            f"those of real images by {real_deviation:.3f}"
        )
    return said


def sheet(drawn: np.ndarray) -> np.ndarray:
    """Up to a hundred images in rows of ten, as they stand in a PNG: (H, W, 3) uint8."""
    return images.to_rgb(images.from_float(pictures.grid(drawn[:_SHOWN], 10)))


def _comparison(section: Mapping[str, Any], path: str, task: Any) -> Comparison:
    line = call(Comparison, section, path)
    look_up(GENERATION, line.protocol, f"{path}.protocol")
    try:
        line.opened.check(line.images, line.samples)
        line.opened.check_shape(line.images, task.image_shape)
    except (ValueError, OSError) as error:
        raise ValueError(f"{path}: {error}") from None
    return line
