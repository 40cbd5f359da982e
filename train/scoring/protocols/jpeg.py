"""Images that went through a JPEG file of some quality."""

import dataclasses
from dataclasses import dataclass
from typing import ClassVar

import jax
import numpy as np

from imaging_jax.operators import round_to_8bit
from imaging_jax.transforms import luminance
from train.data import images
from train.data.data_set import DataSet
from train.scoring.protocols.degraded import DegradedProtocol
from train.systems.equal_tiles import in_equal_tiles
from train.systems.system import System


@dataclass(frozen=True)
class JpegProtocol(DegradedProtocol):
    """Grey JPEG of libjpeg's tables, by quality; of colour images the luminance of BT.601.

    The luminance is rounded to 8 bits before it is compressed, and the output before it is
    compared, without border. Systems aren't told the quality.

    Attributes:
      metrics: names of `train.scoring.metrics.METRICS`.
    """

    metrics: tuple[str, ...] = ("psnr", "ssim", "psnr_b")

    condition: ClassVar[str] = "quality"
    told: ClassVar[bool] = False
    usual: ClassVar[tuple[int, ...]] = (10, 20, 30, 40)

    def baseline(self) -> str:
        """What the file holds, as it is."""
        return "identity"

    def options(self, value: int | None) -> dict[str, int]:
        """The image keeps its size."""
        del value
        return {"scale": 1}

    def check(self, system: System, dataset: DataSet, value: int | None) -> None:
        """As `DegradedProtocol.check`; also where there is no such quality."""
        super().check(dataclasses.replace(system, options=None), dataset, value)
        system.check(scale=1)
        if value > 100:
            raise ValueError(f"quality={value}: wanted 1 to 100")

    def degrade(
        self, image: np.ndarray, value: int, indices: list[int]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Makes (decompressed, reference)."""
        del indices
        reference = in_equal_tiles(_luminance, image)
        levels = images.from_float(reference)
        files = [images.jpeg_round_trip(level, value) for level in levels]
        return np.stack(files) / 255.0, reference

    def comparable(
        self, reference: np.ndarray, estimate: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The estimate rounded to 8 bits."""
        return reference, in_equal_tiles(_rounded, estimate)


@jax.jit
def _luminance(image):
    return round_to_8bit(luminance(image)) if image.shape[-1] == 3 else image


_rounded = jax.jit(round_to_8bit)
