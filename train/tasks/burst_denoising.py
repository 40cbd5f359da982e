"""Several noisy frames of a scene, some of them missing, made one clean image."""

from collections.abc import Mapping
from typing import Any, ClassVar

import flax.linen as nn
import jax
import jax.numpy as jnp

from imaging_jax.losses import mse
from train.data.bursts import fields_of_bursts
from train.data.fields import Fields
from train.tasks.supervised import NETWORK, Supervised


class BurstDenoising(Supervised):
    """Trains `network` to give the first frame of a burst without noise.

    Args:
      network: (frames (N, frames, H, W, C), mask (N, frames)) -> images (N, H, W, C).
      optimizer: config section, see `train.state.optimizers.make_optimizer`.
      steps: length of the training.
      accumulate: parts a batch is cut into, see `train.state.update.update`.
      ema_decay: of the moving averages; 0 keeps none.
    """

    learns: ClassVar[Fields] = fields_of_bursts(None)
    takes: ClassVar[Fields] = {"frames": learns["frames"], "mask": learns["mask"]}
    gives: ClassVar[Fields] = {"image": learns["image"]}

    def __init__(
        self,
        network: nn.Module,
        optimizer: Mapping[str, Any],
        steps: int,
        accumulate: int = 1,
        ema_decay: float = 0.0,
    ):
        if network.takes != ("frames", "mask"):
            raise ValueError(
                f"task.name=burst_denoising: {type(network).__name__} takes "
                f"{', '.join(network.takes)}; wanted frames and their mask"
            )
        super().__init__(network, optimizer, steps, mse, accumulate, ema_decay)

    def pair(self, key: jax.Array, batch: dict[str, jax.Array]) -> tuple[tuple, jax.Array]:
        """Frames and mask, and the clean image."""
        del key
        return (batch["frames"], batch["mask"]), batch["image"]

    def apply(self, variables: dict, inputs: dict) -> dict[str, jax.Array]:
        """Denoises bursts."""
        image = self.network.apply(variables[NETWORK], inputs["frames"], inputs["mask"])
        return {"image": image.astype(jnp.float32)}
