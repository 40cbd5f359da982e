"""Scores any system on any set of images by any protocol."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from train.data.image_sets import ImageSet
from train.scoring.protocols import Protocol
from train.systems.opening import Predict


@dataclass(frozen=True)
class Evaluator:
    """The same object for a checkpoint, a published weight, a classical solver and bicubic.

    Attributes:
      predict: the system.
      images: the set.
      protocol: how it is scored.
      condition: the scale or sigma, whichever the protocol names.
      batch_size: images of one size that are predicted together; they are shared out among the
        devices, so a multiple of their number.
    """

    predict: Predict
    images: ImageSet
    protocol: Protocol
    condition: int
    batch_size: int = 1

    def records(self) -> list[dict]:
        """Returns {"image", "psnr", …} for every image, in the set's order."""
        found: dict[int, dict] = {}
        for group in self._groups():
            for start in range(0, len(group), self.batch_size):
                indices = group[start : start + self.batch_size]
                found.update(zip(indices, self._score(indices), strict=True))
        return [{"image": self.images.names[i], **found[i]} for i in range(len(self.images))]

    def _groups(self) -> list[list[int]]:
        # Unequal sizes can't share a batch; with batches of one there is nothing to group, and
        # no image is read twice.
        if self.batch_size == 1:
            return [[i] for i in range(len(self.images))]
        by_shape = defaultdict(list)
        for index in range(len(self.images)):
            by_shape[self._image(index).shape].append(index)
        return list(by_shape.values())

    def _image(self, index: int) -> np.ndarray:
        return self.images.colours(index)

    def _score(self, indices: list[int]) -> list[dict]:
        # A last batch that isn't full is filled with repetitions, which are not counted.
        filled = indices + indices[-1:] * (self.batch_size - len(indices))
        batch = np.stack([self._image(i) for i in filled]).astype(np.float64) / 255.0
        try:
            inputs, reference = self.protocol.degrade(batch, self.condition, filled)
            estimate = self.predict(np.asarray(inputs), self.condition)
            scores = self.protocol.score(reference, np.asarray(estimate), self.condition)
        except ValueError as error:
            names = ", ".join(self.images.names[i] for i in indices)
            raise ValueError(f"{self.images.name}/{names}: {error}") from error
        return [{k: float(v[i]) for k, v in scores.items()} for i in range(len(indices))]


def mean(records: list[dict]) -> dict[str, float]:
    """The mean over images of every metric."""
    return {
        name: float(np.mean([record[name] for record in records]))
        for name in records[0]
        if name != "image"
    }
