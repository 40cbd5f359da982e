from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import (
    Conv,
    TransposedConv,
    batch_norm,
    check_at_least,
    check_channels,
    pad_to_multiple,
)

_GAUSSIAN = nn.initializers.normal(0.01)


class FBPConvNet(nn.Module):
    """A U-Net that adds what filtered back-projection from few views lacks.

    Convolutions are padded by zeros, each followed by a batch norm and an activation; the first
    scale has three on the way down, every other two. 34,562,945 parameters. Images of any size are
    continued by their last row and column. Kernels start as N(0, 0.01²).

    Attributes:
        channels: of the image.
        features: channels of the first scale; each other has twice its predecessor's.
        depth: poolings.
        dtype: type of computation; parameters and the last layer are float32.
        precision: of convolutions and products.

    Raises:
        ValueError: on another number of channels, or a count below 1.

    Source: Jin, McCann, Froustey, Unser, "Deep Convolutional Neural Network for Inverse Problems
    in Imaging", IEEE TIP 26(9), 2017, figure 2; sizes of github.com/panakino/FBPConvNet.
    """

    channels: int = 1
    features: int = 64
    depth: int = 4
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    takes: ClassVar[tuple[str, ...]] = ("image",)

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Adds the predicted difference to ``x (..., H, W, channels)``."""
        check_channels(x, self.channels, "FBPConvNet")
        check_at_least(1, "FBPConvNet", features=self.features, depth=self.depth)
        height, width = x.shape[-3:-1]
        y = pad_to_multiple(x.reshape(-1, *x.shape[-3:]), 2**self.depth, "edge")
        maps = []
        for level in range(self.depth + 1):
            y = nn.max_pool(y, (2, 2), (2, 2)) if level else y
            y = self._convolved(y, level, 2 if level else 3, f"down{level + 1}", train)
            maps.append(y)
        y = maps.pop()
        for level in reversed(range(self.depth)):
            name = f"enlarge{level + 1}"
            y = TransposedConv(
                2**level * self.features,
                kernel_size=3,
                crop=(0, 1),
                use_bias=True,
                kernel_init=_GAUSSIAN,
                dtype=self.dtype,
                precision=self.precision,
                name=name,
            )(y)
            y = nn.relu(batch_norm(y, train, f"{name}_norm", dtype=self.dtype))
            y = jnp.concatenate([maps.pop(), y], axis=-1)
            y = self._convolved(y, level, 2, f"up{level + 1}", train)
        y = Conv(
            self.channels, (1, 1), kernel_init=_GAUSSIAN, precision=self.precision, name="tail"
        )(y)
        return x + y[:, :height, :width].reshape(x.shape).astype(x.dtype)

    def _convolved(self, y, level, count, name, train):
        for index in range(1, count + 1):
            y = Conv(
                2**level * self.features,
                (3, 3),
                kernel_init=_GAUSSIAN,
                dtype=self.dtype,
                precision=self.precision,
                name=f"{name}_conv{index}",
            )(y)
            y = nn.relu(batch_norm(y, train, f"{name}_norm{index}", dtype=self.dtype))
        return y
