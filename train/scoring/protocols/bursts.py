"""How a denoiser of bursts is scored: its image against the first frame without noise."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from train.data.bursts import fields_of_bursts
from train.data.data_set import DataSet
from train.data.fields import Fields
from train.scoring.protocols.images import ImageProtocol


@dataclass(frozen=True)
class BurstProtocol(ImageProtocol):
    """All channels, neither rounded nor bordered.

    Attributes:
      metrics: names of `train.scoring.metrics.METRICS`.
    """

    metrics: tuple[str, ...] = ("psnr", "ssim")

    reads: ClassVar[Fields] = fields_of_bursts(None)
    feeds: ClassVar[tuple[str, ...]] = ("frames", "mask")

    def baseline(self) -> str:
        """The frames averaged."""
        return "frame_average"

    def inputs(
        self, dataset: DataSet, indices: list[int], value: int | None
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Frames and masks as they are, and the clean images."""
        del value
        items = [dataset[index] for index in indices]
        inputs = {name: np.stack([item[name] for item in items]) for name in self.feeds}
        return inputs, np.stack([item["image"] for item in items])

    def measured(self, inputs: Mapping[str, np.ndarray], scale: int) -> np.ndarray | None:
        """The first frame."""
        del scale
        return inputs["frames"][0, 0]
