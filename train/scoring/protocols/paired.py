"""Sets that hold what is given beside what is wanted, such as cloudy and clear images.

What is given may be one image, or several dates.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from train.data.data_set import DataSet
from train.data.fields import PICTURE, Fields, check_fields, pictures
from train.scoring.protocols.images import ImageProtocol
from train.systems.system import System


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
        given, target = (
            np.stack([item[name] for item in items]) / dataset.fields[name].white
            for name in self.reads
        )
        (name,) = self.feeds
        return {name: given}, target

    def measured(self, inputs: Mapping[str, np.ndarray], scale: int) -> np.ndarray | None:
        """Nothing: the baseline shows it."""
        del inputs, scale
        return None


@dataclass(frozen=True)
class DatesProtocol(PairedProtocol):
    """The target of each stack of dates, likewise."""

    reads: ClassVar[Fields] = {"frames": pictures(None, None), "target": PICTURE}
    feeds: ClassVar[tuple[str, ...]] = ("frames",)

    def check(self, system: System, dataset: DataSet, value: int | None) -> None:
        """As `Protocol.check`; also where the system takes another number of dates."""
        super().check(system, dataset, value)
        taken = {"frames": system.takes["frames"]}
        check_fields(dataset.fields, taken, dataset.name, f"{system.name} ({system.weights})")

    def baseline(self) -> str:
        """The median of the dates, pixel by pixel."""
        return "temporal_median"

    def measured(self, inputs: Mapping[str, np.ndarray], scale: int) -> np.ndarray | None:
        """The first date."""
        del scale
        return inputs["frames"][0, 0]
