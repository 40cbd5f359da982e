"""White Gaussian noise of a known level, as the denoising tables have it."""

from dataclasses import dataclass
from typing import ClassVar

import jax
import numpy as np
from scipy.ndimage import gaussian_filter

from imaging_jax.operators import round_to_8bit
from train.scoring.protocols.degraded import DegradedProtocol
from train.systems.equal_tiles import in_equal_tiles


@dataclass(frozen=True)
class WhiteNoiseProtocol(DegradedProtocol):
    """Noise added to images as they are, grey or colour, neither clipped nor rounded.

    The output is rounded to 8 bits and compared in all channels, without border.

    Attributes:
      one_seed: every image has the noise of numpy's legacy generator seeded by 0; otherwise it is
        seeded by the image's place in the set.
      metrics: names of `train.scoring.metrics.METRICS`.
    """

    one_seed: bool = False
    metrics: tuple[str, ...] = ("psnr", "ssim")

    condition: ClassVar[str] = "sigma"

    def baseline(self) -> str:
        """The noisy image, as it is."""
        return "identity"

    def border(self, value: int) -> int:
        """No pixel is left out."""
        del value
        return 0

    def degrade(
        self, image: np.ndarray, value: int, indices: list[int]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Makes (noisy, reference) by noise of standard deviation `value`, of 255."""
        seeds = [0] * len(indices) if self.one_seed else indices
        noise = [np.random.RandomState(seed).randn(*image.shape[1:]) for seed in seeds]
        return image + value / 255 * self.filtered(np.stack(noise)), image

    def filtered(self, noise: np.ndarray) -> np.ndarray:
        """The noise (N, H, W, C) that is added, of white noise."""
        return noise

    def comparable(
        self, reference: np.ndarray, estimate: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The estimate rounded to 8 bits."""
        return reference, in_equal_tiles(_rounded, estimate)


@dataclass(frozen=True)
class CorrelatedNoiseProtocol(WhiteNoiseProtocol):
    """The same of noise that went through a periodic Gaussian filter, its level unchanged.

    Attributes:
      correlation: standard deviation of the filter, in pixels.
    """

    correlation: float = 1.0

    def filtered(self, noise: np.ndarray) -> np.ndarray:
        """The noise filtered, row by row and column by column."""
        axes = {"axes": (1, 2), "mode": "wrap", "truncate": 6.0}
        point = np.zeros_like(noise[:1])
        point[:, 0, 0] = 1
        response = gaussian_filter(point, self.correlation, **axes)
        norm = np.sqrt(np.sum(response**2, axis=(1, 2), keepdims=True))
        return gaussian_filter(noise, self.correlation, **axes) / norm


_rounded = jax.jit(round_to_8bit)
