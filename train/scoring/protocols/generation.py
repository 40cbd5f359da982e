"""How a generator is scored: what it draws is compared with a set of real images."""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

import jax
import numpy as np

from imaging_jax import metrics
from train.data import images
from train.data.data_set import DataSet
from train.data.fields import PICTURE, Fields
from train.scoring import pictures
from train.scoring.protocols.judges import check_judge, look
from train.scoring.protocols.protocol import Batch, Protocol, Shown
from train.systems.system import System

# Whoever has batch norm draws by the statistics of so many.
BATCH = 1_000
# Kernel distance, precision and recall take pairs of images: of so many.
_PAIRED = 2_000
_SHOWN = 100
# Fewer modes than these, or pixels that vary by less than this share of the real ones', are called
# a collapse.
_FEW_MODES, _LITTLE = 2, 0.15


@dataclass(frozen=True)
class GenerationProtocol(Protocol):
    """Distances of features between drawn and real images, and how drawn ones spread over classes.

    Attributes:
      judge: name of weights of a classifier, whose last hidden layer are the features; empty takes
        the pixels, and measures no classes.
      seed: of the latent vectors.
      batch: images drawn at once.
    """

    judge: str = ""
    seed: int = 0
    batch: int = BATCH

    reads: ClassVar[Fields] = {"image": PICTURE}
    feeds: ClassVar[tuple[str, ...]] = ("latent",)
    wants: ClassVar[tuple[str, ...]] = ("image",)
    condition: ClassVar[str] = "samples"
    usual: ClassVar[tuple[int, ...]] = (10_000,)
    best: ClassVar[tuple[str, ...]] = ("fid",)
    precision: ClassVar[str] = "features float32, distances float64"

    def check(self, system: System, dataset: DataSet, value: int | None) -> None:
        """As `Protocol.check`; also where set or judge don't fit, or too few are to be drawn."""
        super().check(system, dataset, value)
        check_judge(self.judge)
        # Balls around features reach to the third neighbour.
        least = 4 if self.judge else 2
        if value < least:
            raise ValueError(f"samples={value}: the protocol {self.name} takes at least {least}")
        drawn, real = system.gives["image"].shape, dataset.fields["image"].shape
        dataset.check_one_size()
        if drawn[2] != real[2] or min(drawn[0] - real[0], drawn[1] - real[1]) < 0:
            raise ValueError(
                f"images: {dataset.name} has {real}, too large for drawn images of {drawn}"
            )

    def choosing(self) -> "GenerationProtocol":
        """Other latent vectors, by which checkpoints are chosen."""
        return dataclasses.replace(self, seed=2**31 - 1)

    def batches(
        self, system: System, dataset: DataSet, value: int | None, size: int
    ) -> Iterator[Batch]:
        """Latent vectors in batches of `batch`, or fewer at once; classes in turn."""
        del dataset, size
        key, count = jax.random.key(self.seed), min(self.batch, value)
        (numbers,) = system.takes["latent"].shape
        for index in range(-(-value // self.batch)):
            z = jax.random.normal(jax.random.fold_in(key, index), (count, numbers))
            inputs = {"latent": z}
            if system.classes:
                inputs["label"] = np.arange(count, dtype=np.int32) % system.classes
            first = index * self.batch
            yield Batch(range(first, min(first + count, value)), inputs, inputs.get("label"))

    def score(self, batch: Batch, outputs: Mapping[str, Any], value: int | None) -> dict:
        """The images and the classes they were asked for; all that is measured is of the set."""
        del value
        count = len(batch.indices)
        found = {"image": np.asarray(outputs["image"])[:count]}
        return found if batch.reference is None else found | {"label": batch.reference[:count]}

    def finish(self, found: list[dict], dataset: DataSet, value: int | None) -> dict[str, float]:
        """See `compare`."""
        del value
        whole = {name: np.concatenate([part[name] for part in found]) for name in found[0]}
        return self.compare(whole["image"], whole.get("label"), dataset)

    def compare(
        self, drawn: np.ndarray, labels: np.ndarray | None, dataset: DataSet
    ) -> dict[str, float]:
        """Compares drawn images (N, H, W, C), of which classes `labels` were asked, with a set.

        Of drawn images larger than the set's, the middle is taken.

        Returns:
          {"fid", "pixel_deviation"}, and with a judge also {"kid", "inception_score", "precision",
          "recall", "modes", "kl", "confidence", "main_class", "main_share"}, and "class_accuracy"
          where classes were asked for.
        """
        drawn = middle(drawn, dataset.fields["image"].shape)
        features, probabilities = self.features(drawn)
        real = _reference(self.judge, dataset)
        found = {
            "fid": metrics.frechet_distance_of_moments(
                metrics.feature_moments(features), real.moments
            ),
            "pixel_deviation": metrics.pixel_deviation(drawn),
        }
        if self.judge:
            paired = _some(features, 1), _some(real.features, 2)
            precision, recall = metrics.precision_recall(paired[1], paired[0])
            judged = np.argmax(probabilities, axis=-1)
            histogram = metrics.class_histogram(judged, probabilities.shape[-1])
            found |= {
                "kid": metrics.kernel_distance(*paired),
                "inception_score": metrics.inception_score(probabilities),
                "precision": precision,
                "recall": recall,
                "modes": metrics.modes(histogram),
                "kl": metrics.kl_to_uniform(histogram),
                "confidence": metrics.mean_confidence(probabilities),
                "main_class": np.argmax(histogram),
                "main_share": np.max(histogram),
            }
            if labels is not None:
                found["class_accuracy"] = np.mean(judged == labels)
        return {name: float(value) for name, value in found.items()}

    def features(self, drawn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Features (N, D) and, by a judge, probabilities (N, classes) of images in [0, 1]."""
        return _features(self.judge, drawn)

    def remarks(self, values: Mapping[str, float], dataset: DataSet) -> list[str]:
        """That nearly all images are one, by the judge's classes or by their pixels."""
        real = _reference(self.judge, dataset).pixel_deviation
        said = []
        if values.get("modes", np.inf) <= _FEW_MODES:
            said.append(
                f"collapse: {values['main_share']:.0%} of the images are judged as "
                f"{values['main_class']:.0f}"
            )
        if values["pixel_deviation"] < _LITTLE * real:
            said.append(
                f"collapse: pixels vary by {values['pixel_deviation']:.3f} from image to image, "
                f"those of real images by {real:.3f}"
            )
        return said

    def show(self, system: System, dataset: DataSet, value: int | None, count: int) -> Shown:
        """Up to a hundred images in rows of ten."""
        del value, count
        (batch,) = self.batches(system, dataset, self.batch, 1)
        drawn = np.asarray(system.apply(batch.inputs)["image"])[:_SHOWN]
        sheet = images.to_rgb(images.from_float(pictures.grid(drawn, 10)))
        hint = "more: python -m train.sample --system={run}"
        return Shown({"samples": sheet}, {"samples": (sheet,)}, hint=hint)


@dataclass(frozen=True)
class _Reference:
    moments: metrics.FeatureMoments
    features: np.ndarray
    pixel_deviation: float


@cache
def _reference(judge: str, dataset: DataSet) -> _Reference:
    real = dataset.floats("image")
    features, _ = _features(judge, real)
    deviation = float(metrics.pixel_deviation(real))
    return _Reference(metrics.feature_moments(features), features, deviation)


def _features(judge: str, drawn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if not judge:
        return drawn.reshape(len(drawn), -1), np.zeros((len(drawn), 0))
    return look(judge, drawn)


def middle(drawn: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Cuts the middle of images (N, H, W, C) of the size of an image of this shape."""
    top, left = ((drawn.shape[axis + 1] - shape[axis]) // 2 for axis in (0, 1))
    return drawn[:, top : top + shape[0], left : left + shape[1]]


def _some(features: np.ndarray, seed: int) -> np.ndarray:
    # At random: sets are sorted by who wrote their digits.
    chosen = np.random.default_rng(seed).permutation(len(features))[:_PAIRED]
    return features[chosen]
