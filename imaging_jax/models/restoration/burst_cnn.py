from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import Conv, check_at_least, check_channels


class BurstCNN(nn.Module):
    """Plain 3x3 convolutions on all frames of a burst at once, that correct their mean.

    Three colour frames, six layers of 32 features: 41,347 parameters.

    Attributes:
        channels: of a frame.
        depth: number of convolutions, at least 2.
        features: width of the hidden layers.
        dtype: type of computation; parameters are float32.
        precision: of the convolutions.

    Raises:
        ValueError: on frames of other channels, or a depth below 2.

    Source: after DnCNN (Zhang, Zuo, Chen, Meng, Zhang, IEEE TIP 2017), with frames and the mask of
    those that are there as channels, as FastDVDnet (Tassano, Delon, Veit, CVPR 2020) stacks them.
    """

    channels: int = 3
    depth: int = 6
    features: int = 32
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    takes: ClassVar[tuple[str, ...]] = ("frames", "mask")

    @nn.compact
    def __call__(self, frames: jax.Array, mask: jax.Array, train: bool = False) -> jax.Array:
        """Denoises the first frame.

        Args:
            frames: ``(N, frames, H, W, channels)`` in [0, 1]; what is missing counts for nothing.
            mask: ``(N, frames)``, 1 for a frame that is there.
            train: changes nothing.

        Returns:
            ``(N, H, W, channels)``.
        """
        check_channels(frames, self.channels, "BurstCNN")
        check_at_least(2, "BurstCNN", depth=self.depth)
        there = mask[:, :, None, None, None].astype(frames.dtype)
        mean = jnp.sum(there * frames, axis=1) / jnp.sum(there, axis=1)
        planes = jnp.concatenate(
            [there * frames, jnp.broadcast_to(there, (*frames.shape[:-1], 1))], axis=-1
        )
        y = jnp.moveaxis(planes, 1, -2).reshape(*mean.shape[:-1], -1)
        settings = {"dtype": self.dtype, "precision": self.precision}
        for _ in range(self.depth - 1):
            y = nn.relu(Conv(self.features, (3, 3), **settings)(y))
        return mean + Conv(self.channels, (3, 3), **settings)(y).astype(frames.dtype)
