"""Compressed sensing: images whose spectrum was measured in part."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from train.data import mri
from train.data.data_set import DataSet
from train.data.fields import PICTURE, Fields
from train.scoring.protocols.images import ImageProtocol
from train.systems.system import System


@dataclass(frozen=True)
class SpectrumProtocol(ImageProtocol):
    """Spectra by a published mask under the published noise, as Ryu et al. (ICML 2019) took them.

    Grey images of 256x256; the noise lies on all frequencies, those left out included. Outputs are
    neither clipped nor rounded, and complex ones are compared as such.

    Attributes:
      mask: "Random", "Radial" or "Cartesian", of 30 % of the frequencies.
      noise: factor of the published noise, which is that of an unnormalized transform.
      metrics: names of `train.scoring.metrics.METRICS`.
    """

    mask: str
    noise: float = 3.0
    metrics: tuple[str, ...] = ("energy_ratio",)

    reads: ClassVar[Fields] = {"image": PICTURE}
    feeds: ClassVar[tuple[str, ...]] = ("spectrum", "mask")
    best: ClassVar[tuple[str, ...]] = ("energy_ratio",)

    def baseline(self) -> str:
        """The image of what was measured."""
        return "zero_filled"

    def check(self, system: System, dataset: DataSet, value: int | None) -> None:
        """As `ImageProtocol.check`; also where mask or noise are missing."""
        super().check(system, dataset, value)
        mri.mask(mri.mask_file(self.mask))
        mri.noise(mri.noise_file())

    def inputs(
        self, dataset: DataSet, indices: list[int], value: int | None
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Orthonormal spectra (N, H, W, 1) in complex128 with the mask of each, and the images."""
        del value
        image = dataset.stacked("image", indices)
        wanted = (mri.SIDE, mri.SIDE, 1)
        if image.shape[1:] != wanted:
            raise ValueError(f"wanted images {wanted}, got {image.shape[1:]}")
        mask = mri.mask(mri.mask_file(self.mask))
        noise = self.noise * mri.noise(mri.noise_file())
        spectrum = np.fft.fft2(image, axes=(1, 2)) * mask[..., None] + noise[..., None]
        masks = np.broadcast_to(mask, (len(indices), *mask.shape))
        return {"spectrum": spectrum / mri.SIDE, "mask": masks}, image

    def measured(self, inputs: Mapping[str, np.ndarray], scale: int) -> np.ndarray | None:
        """A spectrum is no picture."""
        return None

    def described(self, value: int | None) -> dict[str, Any]:
        """Every choice, and digests of mask and noise."""
        return {
            **super().described(value),
            "mask_sha256": mri.sha256(mri.mask_file(self.mask)),
            "noise_sha256": mri.sha256(mri.noise_file()),
        }
