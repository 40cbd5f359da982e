"""How a generator is scored: what it draws is compared with a set of real images."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from imaging_jax import metrics
from train.data.labelled_images import labelled_images
from train.scoring.protocols.judges import check_judge, look

# Kernel distance, precision and recall take pairs of images: of so many.
_PAIRED = 2_000


@dataclass(frozen=True)
class Generation:
    """Distances of features between drawn and real images, and how drawn ones spread over classes.

    Attributes:
      name: as it stands in records.
      judge: name of weights of a classifier, whose last hidden layer are the features; empty takes
        the pixels, and measures no classes.
    """

    name: str
    judge: str = ""

    def check(self, images: str, samples: int) -> None:
        """Raises a ValueError where set or judge can't be opened, or too few are to be drawn."""
        labelled_images(images)
        check_judge(self.judge)
        # Balls around features reach to the third neighbour.
        least = 4 if self.judge else 2
        if samples < least:
            raise ValueError(f"samples={samples}: the protocol {self.name} takes at least {least}")

    def check_shape(self, images: str, shape: tuple[int, ...]) -> None:
        """Raises a ValueError where the set's images are larger than drawn ones of (H, W, C)."""
        real = labelled_images(images)[0].shape[1:]
        if shape[2] != real[2] or min(shape[0] - real[0], shape[1] - real[1]) < 0:
            raise ValueError(f"images: {images} has {real}, too large for drawn images of {shape}")

    def score(self, drawn: np.ndarray, labels: np.ndarray | None, images: str) -> dict[str, float]:
        """Compares drawn images (N, H, W, C), of which classes `labels` were asked, with a set.

        Of drawn images larger than the set's, the middle is taken.

        Returns:
          {"fid", "pixel_deviation"}, and with a judge also {"kid", "inception_score", "precision",
          "recall", "modes", "kl", "confidence", "main_class", "main_share"}, and "class_accuracy"
          where classes were asked for.
        """
        drawn = middle(drawn, labelled_images(images)[0].shape[1:])
        features, probabilities = self.features(drawn)
        real = _reference(self, images)
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

    def features(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Features (N, D) and, by a judge, probabilities (N, classes) of images in [0, 1]."""
        if not self.judge:
            return images.reshape(len(images), -1), np.zeros((len(images), 0))
        return look(self.judge, images)


@dataclass(frozen=True)
class _Reference:
    moments: metrics.FeatureMoments
    features: np.ndarray
    pixel_deviation: float


@cache
def _reference(protocol: Generation, images: str) -> _Reference:
    real = labelled_images(images)[0].astype(np.float32) / 255.0
    features, _ = protocol.features(real)
    deviation = float(metrics.pixel_deviation(real))
    return _Reference(metrics.feature_moments(features), features, deviation)


def real_deviation(protocol: Generation, images: str) -> float:
    """How much the pixels of the real images vary."""
    return _reference(protocol, images).pixel_deviation


def middle(drawn: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Cuts the middle of images (N, H, W, C) of the size of an image of this shape."""
    top, left = ((drawn.shape[axis + 1] - shape[axis]) // 2 for axis in (0, 1))
    return drawn[:, top : top + shape[0], left : left + shape[1]]


def _some(features: np.ndarray, seed: int) -> np.ndarray:
    # At random: sets are sorted by who wrote their digits.
    chosen = np.random.default_rng(seed).permutation(len(features))[:_PAIRED]
    return features[chosen]


GENERATION = {
    protocol.name: protocol
    for protocol in (Generation("judge", "lenet5_mnist_csinva"), Generation("pixels"))
}
