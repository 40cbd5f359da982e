"""Images reproduced through a code, beside what principal components of its size give back."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np

from train.config.registry import call, look_up
from train.data import images
from train.data.labelled_images import labelled_images
from train.scoring import pictures
from train.scoring.protocols.reconstruction import RECONSTRUCTION, Reconstruction
from train.scoring.reviews.findings import Findings
from train.state.train_state import TrainState
from train.systems.autoencoders import given, pca

_SHOWN = 10


@dataclass(frozen=True)
class Reproduction:
    """One line of the sections `validation` and `evaluation`.

    Attributes:
      images: the set, see `train.data.labelled_images.labelled_images`.
      protocol: a name of `train.scoring.protocols.reconstruction.RECONSTRUCTION`.
      fitted: the set to whose principal components ours are compared; empty for no comparison.
    """

    images: str
    protocol: str
    fitted: str = ""

    @property
    def opened(self) -> Reconstruction:
        """The protocol."""
        return RECONSTRUCTION[self.protocol]


@dataclass(frozen=True)
class ReconstructionReview:
    """Scores what a state gives back of images.

    Attributes:
      task: gives back by `reconstruct(state, images)`.
      validation: chooses the best checkpoint.
      evaluation: lines of the final table.
    """

    task: Any
    validation: Reproduction
    evaluation: tuple[Reproduction, ...]

    @classmethod
    def from_config(cls, config: Mapping[str, Any], task: Any) -> "ReconstructionReview":
        """Builds what the config's sections `validation` and `evaluation` ask for."""
        evaluation = tuple(
            _reproduction(line, f"evaluation[{index}]", task)
            for index, line in enumerate(config["evaluation"])
        )
        return cls(task, _reproduction(config["validation"], "validation", task), evaluation)

    def validate(self, state: TrainState, folder: Path, step: int) -> dict[str, float]:
        """Scores the validation set and shows its first images as `step_<step>.png`."""
        scores, shown = self._score(state, self.validation)
        if jax.process_index() == 0:
            images.write(folder / f"step_{step:07d}.png", shown)
        return scores

    def quality(self, scores: Mapping[str, float]) -> float:
        """Minus the bound where there is one, else minus the squared error."""
        return -scores.get("negative_elbo", scores["squared_error"])

    def says(self, scores: Mapping[str, float]) -> str:
        """The figures in a row."""
        return ", ".join(f"{name} {value:.4g}" for name, value in scores.items())

    def finish(self, state: TrainState, folder: Path) -> Findings:
        """Scores every line, beside what was given or principal components."""
        rows, previews = [], {}
        for line in self.evaluation:
            place = {"images": line.images, "protocol": line.protocol}
            rows += [{**place, **row} for row in self._baselines(line)]
            scores, shown = self._score(state, line)
            rows.append({**place, "system": "ours", **scores})
            previews[line.images] = (shown,)
            if jax.process_index() == 0:
                images.write(folder / f"{line.images.replace(':', '_')}.png", shown)
        hint = "elsewhere: python -m train.evaluate --system={run} --protocol=… --images=…"
        return Findings(rows, previews, hint=hint)

    def _score(self, state, line: Reproduction) -> tuple[dict[str, float], np.ndarray]:
        protocol = line.opened
        clean, labels = protocol.open(line.images)
        inputs = given(self.task, clean)
        reproduced, own = self.task.reconstruct(state, inputs)
        scores = {**protocol.score(clean, np.asarray(reproduced), labels), **own}
        rows = [clean, inputs, reproduced] if self.task.corrupts else [clean, reproduced]
        shown = np.concatenate([np.asarray(row[:_SHOWN]) for row in rows])
        return scores, images.to_rgb(images.from_float(pictures.grid(shown, _SHOWN)))

    def _baselines(self, line: Reproduction) -> list[dict]:
        protocol = line.opened
        clean, labels = protocol.open(line.images)
        if self.task.corrupts:
            corrupted = np.asarray(given(self.task, clean))
            return [{"system": "given", **protocol.score(clean, corrupted, labels)}]
        components = code_size(self.task.network)
        # A code larger than the image has no counterpart.
        if not line.fitted or components > np.prod(clean.shape[1:]):
            return []
        reproduced = pca(line.fitted, components)(clean)
        scores = protocol.score(clean, reproduced, labels)
        return [{"system": f"pca:{components}", **scores}]


def code_size(network: Any) -> int:
    """Numbers in the code of an autoencoder."""
    return network.latent if hasattr(network, "latent") else int(np.prod(_code_shape(network)))


def _code_shape(network: Any) -> tuple[int, ...]:
    image = jax.ShapeDtypeStruct((1, *network.image_shape), np.float32)
    (_, code), _ = jax.eval_shape(network.init_with_output, jax.random.key(0), image)
    return code.shape[1:]


def _reproduction(section: Mapping[str, Any], path: str, task: Any) -> Reproduction:
    line = call(Reproduction, section, path)
    look_up(RECONSTRUCTION, line.protocol, f"{path}.protocol")
    try:
        line.opened.check(line.images)
        if line.fitted:
            labelled_images(line.fitted)
    except (ValueError, OSError) as error:
        raise ValueError(f"{path}: {error}") from None
    shape = labelled_images(line.images)[0].shape[1:]
    if shape != task.network.image_shape:
        raise ValueError(
            f"{path}.images={line.images!r} are of {shape}, model takes {task.network.image_shape}"
        )
    return line
