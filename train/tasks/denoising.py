"""Removal of white Gaussian noise, of one level or told the level."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from imaging_jax.models.restoration import as_denoiser
from imaging_jax.operators import gaussian_noise
from train.tasks.restoration import Restoration, by_channels
from train.tasks.supervised import NETWORK


class Denoising(Restoration):
    """Trains `network` on noise whose level is drawn for every image.

    Args:
      network: takes an image of its own size, and the level where its `takes` says so.
      sigma: lowest and highest standard deviation, of 255; levels are uniform between them.

    The others are those of `Restoration`.

    Raises:
      ValueError: an unknown name, or levels that aren't 0 <= lowest <= highest.
    """

    def __init__(
        self,
        network: nn.Module,
        optimizer: dict[str, Any],
        steps: int,
        sigma: tuple[float, float],
        colour: str = "rgb",
        loss: str = "mse",
        accumulate: int = 1,
        ema_decay: float = 0.0,
    ):
        if len(sigma) != 2 or not 0 <= sigma[0] <= sigma[1]:
            raise ValueError(
                f"task.sigma={sigma}: wanted (lowest, highest), 0 <= lowest <= highest"
            )
        if not {*network.takes} <= {"image", "sigma"}:
            raise ValueError(
                f"task.name=denoising: {type(network).__name__} takes {', '.join(network.takes)}; "
                "wanted a denoiser, of an image and perhaps its level of noise"
            )
        super().__init__(network, optimizer, steps, colour, loss, accumulate, ema_decay)
        self.sigma = sigma

    @property
    def options(self) -> dict[str, tuple[int, ...]]:
        """The one level it was trained for, or any."""
        low, high = self.sigma
        return {"sigma": (int(low),) if low == high and low == int(low) else ()}

    def apply(self, variables: Any, inputs: dict, sigma: int) -> dict[str, jax.Array]:
        """Denoises images (N, H, W, 1 or 3), see `denoise`."""
        return {"image": denoise(self.network, variables[NETWORK], inputs["image"], sigma)}

    def pair(self, key: jax.Array, batch: dict[str, jax.Array]) -> tuple[tuple, jax.Array]:
        """The noisy images, with their levels where the network takes them, and the clean ones."""
        clean = self.seen(batch["image"])
        level_key, noise_key = jax.random.split(key)
        low, high = (level / 255 for level in self.sigma)
        sigma = jax.random.uniform(level_key, (clean.shape[0], 1, 1, 1), minval=low, maxval=high)
        noisy = gaussian_noise(noise_key, clean, sigma)
        return (noisy, sigma) if "sigma" in self.network.takes else (noisy,), clean


def denoise(network: nn.Module, variables, noisy: jax.Array, sigma: int) -> jax.Array:
    """Applies a denoiser of one or three channels to images of one or three.

    Args:
      network: declares `channels` and what it `takes`.
      variables: its variables.
      noisy: (N, H, W, 1 or 3) in [0, 1].
      sigma: standard deviation of the noise, of 255.

    Returns:
      Images of the shape of `noisy`. A grey network takes one colour after the other; a colour
      network sees a grey image as three equal channels.
    """
    denoiser = as_denoiser(network, variables)
    denoised = by_channels(lambda x: denoiser(x, sigma / 255), noisy, network.channels)
    return denoised.astype(jnp.float32)
