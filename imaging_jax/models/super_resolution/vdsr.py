from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import Conv, check_at_least, check_channels


class VDSR(nn.Module):
    """VDSR: twenty 3x3 convolutions predict what bicubic interpolation misses.

    The input is the low-resolution luminance already enlarged by bicubic interpolation, in
    [0, 1]; one model serves every scale. The residual is added in the image's own type. With
    biases it has 665,921 parameters, without 664,704. Kernels start He normal.

    Attributes:
        channels: image channels.
        depth: number of convolutions, at least 2.
        features: width of the hidden layers.
        use_bias: whether convolutions have biases.
        dtype: type of computation; parameters are float32.
        precision: of the convolutions.

    Raises:
        ValueError: on another number of channels, or a depth below 2.

    Source: Kim, Lee, Lee, "Accurate Image Super-Resolution Using Very Deep Convolutional
    Networks", CVPR 2016, section 3.1.
    """

    channels: int = 1
    depth: int = 20
    features: int = 64
    use_bias: bool = True
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    takes: ClassVar[tuple[str, ...]] = ("upsampled",)

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Maps ``(..., H, W, channels)`` in [0, 1] to the same shape; ``train`` changes nothing."""
        check_channels(x, self.channels, "VDSR")
        check_at_least(2, "VDSR", depth=self.depth)
        residual = x
        for index in range(self.depth):
            last = index == self.depth - 1
            residual = Conv(
                self.channels if last else self.features,
                (3, 3),
                use_bias=self.use_bias,
                kernel_init=nn.initializers.he_normal(),
                dtype=self.dtype,
                precision=self.precision,
                name=f"conv{index + 1}",
            )(residual)
            residual = residual if last else nn.relu(residual)
        return x + residual.astype(x.dtype)
