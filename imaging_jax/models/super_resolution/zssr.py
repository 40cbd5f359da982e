from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import Conv, check_at_least, check_channels


class ZSSRNet(nn.Module):
    """The small network that ZSSR trains on the one image it is to enlarge.

    Eight 3x3 convolutions without biases predict what bicubic interpolation misses; the input is
    the image already enlarged. 224,640 parameters. Kernels start normal with variance
    0.1/fan_in, so that the network begins close to interpolation.

    Attributes:
        channels: image channels.
        depth: number of convolutions, at least 2.
        features: width of the hidden layers.
        dtype: type of computation; parameters are float32.
        precision: of the convolutions.

    Raises:
        ValueError: on another number of channels, or a depth below 2.

    Source: Shocher, Cohen, Irani, "'Zero-Shot' Super-Resolution using Deep Internal Learning",
    CVPR 2018, section 3.1; the initial variance from the released code.
    """

    channels: int = 3
    depth: int = 8
    features: int = 64
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    takes: ClassVar[tuple[str, ...]] = ("upsampled",)

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Maps ``(..., H, W, channels)`` in [0, 1] to the same shape; ``train`` changes nothing."""
        check_channels(x, self.channels, "ZSSRNet")
        check_at_least(2, "ZSSRNet", depth=self.depth)
        residual = x
        for index in range(self.depth):
            last = index == self.depth - 1
            residual = Conv(
                self.channels if last else self.features,
                (3, 3),
                use_bias=False,
                kernel_init=nn.initializers.variance_scaling(0.1, "fan_in", "normal"),
                dtype=self.dtype,
                precision=self.precision,
                name=f"conv{index + 1}",
            )(residual)
            residual = residual if last else nn.relu(residual)
        return x + residual.astype(x.dtype)
