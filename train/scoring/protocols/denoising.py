"""White Gaussian noise of a known level, as the denoising tables have it."""

from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax.operators import round_to_8bit
from train.scoring.protocols.measures import measure


@dataclass(frozen=True)
class Denoising:
    """Noise added to images as they are, grey or colour, neither clipped nor rounded.

    The output is rounded to 8 bits and compared in all channels, without border.

    Attributes:
      name: as it stands in records.
      one_seed: every image has the noise of numpy's legacy generator seeded by 0; otherwise it is
        seeded by the image's place in the set.
      metrics: names of `train.scoring.protocols.measures.METRICS`.
    """

    name: str
    one_seed: bool = False
    metrics: tuple[str, ...] = ("psnr", "ssim")

    condition: ClassVar[str] = "sigma"
    baseline: ClassVar[str] = "identity"

    def border(self, sigma: int) -> int:
        """No pixel is left out."""
        del sigma
        return 0

    def degrade(
        self, image: np.ndarray, sigma: int, indices: list[int]
    ) -> tuple[jax.Array, jax.Array]:
        """Makes (noisy, reference) out of images (N, H, W, 1 or 3) in [0, 1], in float64."""
        seeds = [0] * len(indices) if self.one_seed else indices
        noise = [np.random.RandomState(seed).randn(*image.shape[1:]) for seed in seeds]
        with jax.enable_x64(True):
            reference = jnp.asarray(image, jnp.float64)
            return reference + sigma / 255 * np.stack(noise), reference

    def score(self, reference: jax.Array, estimate: jax.Array, sigma: int) -> dict:
        """Compares in float64: {metric: values}, each of the images' leading shape."""
        with jax.enable_x64(True):
            reference, estimate = (jnp.asarray(x, jnp.float64) for x in (reference, estimate))
            return measure(self.metrics, reference, round_to_8bit(estimate), self.border(sigma))
