"""Sets that hold what is given beside what is wanted, such as cloudy and clear images."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from train.data.data_set import DataSet
from train.data.fields import PICTURE, Fields
from train.scoring.protocols.images import ImageProtocol


@dataclass(frozen=True)
class PairedProtocol(ImageProtocol):
    """The target of each pair in all channels, neither rounded nor bordered.

    Attributes:
      metrics: names of `train.scoring.metrics.METRICS`.
    """

    metrics: tuple[str, ...] = ("psnr", "ssim", "mae", "average_gradient")

    reads: ClassVar[Fields] = {"image": PICTURE, "target": PICTURE}
    feeds: ClassVar[tuple[str, ...]] = ("image",)
    condition: ClassVar[str] = "scale"
    told: ClassVar[bool] = True
    usual: ClassVar[tuple[int, ...]] = (1,)

    def baseline(self) -> str:
        """The image that was given, as it is."""
        return "identity"

    def inputs(
        self, dataset: DataSet, indices: list[int], value: int | None
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """What is given, and what stands beside it, in [0, 1]."""
        del value
        items = [dataset[index] for index in indices]
        image, target = (
            np.stack([item[name] for item in items]) / dataset.fields[name].white
            for name in self.reads
        )
        return {"image": image}, target

    def measured(self, inputs: Mapping[str, np.ndarray], scale: int) -> np.ndarray | None:
        """Nothing: the baseline shows it."""
        del inputs, scale
        return None
