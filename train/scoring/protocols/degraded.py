"""What protocols share that make the measurement themselves, of the images of a set."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from train.data.data_set import DataSet
from train.data.fields import PICTURE, Fields
from train.scoring import pictures
from train.scoring.protocols.images import ImageProtocol


@dataclass(frozen=True)
class DegradedProtocol(ImageProtocol):
    """Measures images of a set, and has them restored."""

    reads: ClassVar[Fields] = {"image": PICTURE}
    feeds: ClassVar[tuple[str, ...]] = ("image",)
    told: ClassVar[bool] = True
    hint: ClassVar[str] = "your own image: python -m train.predict --weights={run} photo.png"

    @abstractmethod
    def degrade(
        self, image: np.ndarray, value: int, indices: list[int]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Makes (measured, reference) of images (N, H, W, 1 or 3) in [0, 1], in float64.

        Args:
          image: of the set, as they are.
          value: the condition's.
          indices: their places in the set, of which random parts are drawn.
        """

    def inputs(
        self, dataset: DataSet, indices: list[int], value: int | None
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """The measured images, and their references."""
        measured, reference = self.degrade(dataset.stacked("image", indices), value, indices)
        return {"image": measured}, reference

    def measured(self, inputs: Mapping[str, np.ndarray], scale: int) -> np.ndarray | None:
        """The low-resolution image, its pixels repeated; what isn't smaller is no view."""
        return pictures.enlarge(inputs["image"][0], scale) if scale > 1 else None
