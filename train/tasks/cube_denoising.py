"""Removal of noise from hyperspectral cubes: white noise, or the complex cases."""

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

import flax.linen as nn
import jax

from imaging_jax.operators import gaussian_noise, qrnn3d_noise
from train.data.fields import CUBE, Fields
from train.tasks.cubes import OfCubes, made_of
from train.tasks.supervised import NETWORK


class CubeDenoising(OfCubes):
    """Trains `network` on cubes under noise that is drawn for each.

    Args:
      network: (cubes (N, H, W, bands)) -> cubes.
      sigma: lowest and highest standard deviation of white noise, of 255; levels are uniform.
      cases: in place of white noise, cases of `imaging_jax.operators.qrnn3d_noise`, one drawn for
        each cube; none for white noise.

    The others are those of `OfCubes`.

    Raises:
      ValueError: as `OfCubes`, levels that aren't 0 <= lowest <= highest, a case that isn't 1 to
        5.
    """

    takes: ClassVar[Fields] = {"image": CUBE}
    serve: ClassVar[Mapping[tuple[str, ...], str]] = {("cube",): "cubes"}
    gives: ClassVar[Fields] = {"image": CUBE}

    def __init__(
        self,
        network: nn.Module,
        optimizer: Mapping[str, Any],
        steps: int,
        bands: int,
        sigma: tuple[float, float] = (0.0, 0.0),
        cases: tuple[int, ...] = (),
        loss: str = "mse",
        accumulate: int = 1,
        ema_decay: float = 0.0,
    ):
        if not 0 <= sigma[0] <= sigma[1] or bool(sigma[1]) == bool(cases):
            raise ValueError(
                f"task.sigma={sigma}, task.cases={cases}: wanted (lowest, highest), 0 <= lowest "
                "<= highest and above 0, or cases"
            )
        if not {*cases} <= {*range(1, 6)}:
            raise ValueError(f"task.cases={cases}: wanted cases 1 to 5")
        super().__init__(network, optimizer, steps, bands, loss, accumulate, ema_decay)
        self.sigma = sigma
        self.cases = cases

    @property
    def whole(self) -> str:
        """Why a cube can't be cut into tiles, in words; empty where it can."""
        return self.network.whole

    def pair(self, key: jax.Array, batch: dict[str, jax.Array]) -> tuple[tuple, jax.Array]:
        """The noisy cubes, and the clean ones."""
        clean = batch["image"]
        if self.cases:
            return (jax.vmap(self._of_a_case)(jax.random.split(key, len(clean)), clean),), clean
        level_key, noise_key = jax.random.split(key)
        low, high = (level / 255 for level in self.sigma)
        sigma = jax.random.uniform(level_key, (len(clean), 1, 1, 1), minval=low, maxval=high)
        return (gaussian_noise(noise_key, clean, sigma),), clean

    def _of_a_case(self, key, cube):
        case_key, noise_key = jax.random.split(key)
        noises = [partial(qrnn3d_noise, case=case) for case in self.cases]
        chosen = jax.random.randint(case_key, (), 0, len(noises))
        return jax.lax.switch(chosen, noises, noise_key, cube)

    def apply(self, variables: Any, inputs: dict) -> dict[str, jax.Array]:
        """Denoises cubes (N, H, W, bands)."""
        return {"image": made_of(self.network, variables[NETWORK], inputs["image"])}
