from functools import partial
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import Conv, check_channels


class LGCNet(nn.Module):
    """LGCNet: local and global features of a remote-sensing image are combined into a residual.

    The input is the image already enlarged by bicubic interpolation, in [0, 1]. Five 3x3
    convolutions; the maps of the last three are joined, pass a 5x5 convolution and a linear 3x3
    one, and are added to the input. 193,283 parameters in colour, 191,553 with one channel. A ReLU
    follows every convolution but the last: some ports leave all out, which makes the network
    linear. Kernels start He normal.

    Attributes:
        channels: image channels.
        features: width of the first five layers.
        combined_features: width of the layer that combines them.
        dtype: type of computation; parameters are float32.
        precision: of the convolutions.

    Raises:
        ValueError: on another number of channels.

    Source: Lei, Shi, Zou, "Super-Resolution for Remote Sensing Images via Local-Global Combined
    Network", IEEE GRSL 14(8), 2017, section II.
    """

    channels: int = 3
    features: int = 32
    combined_features: int = 64
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    takes: ClassVar[tuple[str, ...]] = ("upsampled",)

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Maps ``(..., H, W, channels)`` in [0, 1] to the same shape; ``train`` changes nothing."""
        check_channels(x, self.channels, "LGCNet")
        conv = partial(
            Conv,
            kernel_init=nn.initializers.he_normal(),
            dtype=self.dtype,
            precision=self.precision,
        )
        maps = [x]
        for index in range(5):
            maps.append(nn.relu(conv(self.features, (3, 3), name=f"conv{index + 1}")(maps[-1])))
        combined = jnp.concatenate(maps[-3:], axis=-1)
        combined = nn.relu(conv(self.combined_features, (5, 5), name="conv6")(combined))
        residual = conv(self.channels, (3, 3), name="conv7")(combined)
        return x + residual.astype(x.dtype)
