"""Linear degradations under one noise field, as plug-and-play restoration is compared."""

from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax.operators import round_to_8bit
from train.data import degradations
from train.data.presets import PRESETS
from train.scoring.protocols.degraded import DegradedProtocol
from train.scoring.protocols.restoration import check_undoes, modcropped
from train.systems.equal_tiles import in_equal_tiles
from train.systems.system import System


@dataclass(frozen=True)
class OneSeedProtocol(DegradedProtocol):
    """A linear degradation and noise of numpy's legacy generator seeded by 0, for every image.

    The measurement is neither clipped nor rounded; the output is rounded to 8 bits and compared
    in all channels. Of images whose sides aren't multiples of the scale, the upper left is taken.

    Attributes:
      degradation: a name of `train.data.presets.PRESETS` with a linear operator.
      left_out: pixels on every side that aren't compared.
      metrics: names of `train.scoring.metrics.METRICS`.
    """

    degradation: str
    left_out: int = 0
    metrics: tuple[str, ...] = ("psnr", "ssim")

    condition: ClassVar[str] = "scale"
    usual: ClassVar[tuple[int, ...]] = (1,)

    def baseline(self) -> str:
        """The measurement, as it is, or made an image of the same size."""
        preset = PRESETS[self.degradation]
        made = preset.estimate or preset.scale > 1
        return f"given:{self.degradation}" if made else "identity"

    def border(self, value: int) -> int:
        """The pixels left out."""
        del value
        return self.left_out

    def check(self, system: System, dataset, value: int | None) -> None:
        """As `DegradedProtocol.check`; also where the system undoes another degradation."""
        check_undoes(system, self.name, self.degradation)
        scale = PRESETS[self.degradation].scale
        if value != scale:
            raise ValueError(f"scale={value}: the protocol {self.name} wants {scale}")
        super().check(system, dataset, value)

    def degrade(
        self, image: np.ndarray, value: int, indices: list[int]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Makes (measured, reference)."""
        image = modcropped(image, value)
        with jax.enable_x64(True):
            measured = np.asarray(degradations.noiseless(self.degradation, jnp.asarray(image)))
        noise = np.random.RandomState(0).randn(*measured.shape[1:])
        return measured + degradations.noise_level(self.degradation) * noise, image

    def comparable(
        self, reference: np.ndarray, estimate: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The estimate rounded to 8 bits."""
        return reference, in_equal_tiles(_rounded, estimate)


_rounded = jax.jit(round_to_8bit)
