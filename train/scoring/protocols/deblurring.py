"""Deblurring under one noise field, as plug-and-play restoration is compared."""

from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax.operators import round_to_8bit
from train.data import degradations
from train.scoring.protocols.degraded import DegradedProtocol
from train.scoring.protocols.restoration import check_undoes
from train.systems.equal_tiles import in_equal_tiles
from train.systems.system import System


@dataclass(frozen=True)
class OneSeedProtocol(DegradedProtocol):
    """A linear degradation and noise of numpy's legacy generator seeded by 0, for every image.

    The measurement is neither clipped nor rounded; the output is rounded to 8 bits and compared
    in all channels, without border.

    Attributes:
      degradation: a name of `train.data.degradations.PRESETS` with a linear operator.
      metrics: names of `train.scoring.metrics.METRICS`.
    """

    degradation: str
    metrics: tuple[str, ...] = ("psnr", "ssim")

    condition: ClassVar[str] = "scale"
    usual: ClassVar[tuple[int, ...]] = (1,)

    def baseline(self) -> str:
        """The measurement, as it is."""
        return "identity"

    def check(self, system: System, dataset, value: int | None) -> None:
        """As `DegradedProtocol.check`; also where the system undoes another degradation."""
        check_undoes(system, self.name, self.degradation)
        super().check(system, dataset, value)

    def degrade(
        self, image: np.ndarray, value: int, indices: list[int]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Makes (measured, reference)."""
        with jax.enable_x64(True):
            A = degradations.linear_operator(self.degradation, jnp.asarray(image[0]))
            measured = np.asarray(A(image))
        noise = np.random.RandomState(0).randn(*measured.shape[1:])
        return measured + degradations.noise_level(self.degradation) * noise, image

    def comparable(
        self, reference: np.ndarray, estimate: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The estimate rounded to 8 bits."""
        return reference, in_equal_tiles(_rounded, estimate)


_rounded = jax.jit(round_to_8bit)
