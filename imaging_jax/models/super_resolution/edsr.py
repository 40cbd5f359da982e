from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import (
    ATTENTION,
    Conv,
    ResidualBlock,
    Upsampler,
    check_channels,
    check_choice,
    fan_in_uniform,
    torch_kernel,
)

DIV2K_MEAN = (0.4488, 0.4371, 0.4040)
"""Mean red, green and blue of the DIV2K training images, in [0, 1]."""


class EDSR(nn.Module):
    """EDSR: residual blocks without batch norm at low resolution, then sub-pixel upsampling.

    The defaults are the baseline: 1,369,859, 1,554,499 and 1,517,571 parameters at x2, x3 and
    x4. The full network is ``features=256, blocks=32, residual_scale=0.1`` with 40,729,603,
    43,680,003 and 43,089,923. Kernels and biases start uniform in ±1/sqrt(fan_in).

    Attributes:
        scale: 2, 3, 4 or 8.
        channels: image channels.
        features: F, width of the hidden layers.
        blocks: B, number of residual blocks.
        residual_scale: factor on every residual branch; 0.1 keeps F = 256 stable.
        value_range: the network sees (x - mean) · value_range, and its output is divided by it.
        mean: what is subtracted from each channel of the input and added to the output, in [0, 1].
        dtype: type of computation; parameters are float32.
        precision: of the convolutions.
        remat: recompute every residual block in the backward pass instead of keeping it.
        attention: block of `layers.ATTENTION` on every residual branch before the addition; ""
            for none.

    Raises:
        ValueError: on another scale or number of channels, a mean of another length, or an unknown
            attention.

    Source: Lim, Son, Kim, Nah, Lee, "Enhanced Deep Residual Networks for Single Image
    Super-Resolution", CVPRW 2017, section 3 and table 1.
    """

    scale: int
    channels: int = 3
    features: int = 64
    blocks: int = 16
    residual_scale: float = 1.0
    value_range: float = 255.0
    mean: tuple[float, ...] = DIV2K_MEAN
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None
    remat: bool = False
    attention: str = ""

    takes: ClassVar[tuple[str, ...]] = ("image",)

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Maps ``(..., H, W, C)`` in [0, 1] to ``(..., scale·H, scale·W, C)``.

        ``train`` is that of the batch norms of `attention`; without, it changes nothing.
        """
        check_channels(x, self.channels, "EDSR")
        check_choice("EDSR", "attention", self.attention, ("", *ATTENTION))
        if len(self.mean) != self.channels:
            raise ValueError(f"mean must have {self.channels} values, got {self.mean}")
        # Mean and range are applied in the image's type: in bfloat16, 255 levels would collapse.
        mean = jnp.asarray(self.mean, x.dtype)
        settings = {"kernel_init": torch_kernel, "dtype": self.dtype, "precision": self.precision}
        hidden_bias = fan_in_uniform(9 * self.features)
        block = nn.remat(ResidualBlock, static_argnums=2) if self.remat else ResidualBlock

        head = Conv(
            self.features,
            (3, 3),
            bias_init=fan_in_uniform(9 * self.channels),
            name="head",
            **settings,
        )((x - mean) * self.value_range)
        body = head
        for index in range(self.blocks):
            body = block(
                self.features,
                self.residual_scale,
                bias_init=hidden_bias,
                attention=self.attention,
                name=f"block{index + 1}",
                **settings,
            )(body, train)
        body = Conv(self.features, (3, 3), bias_init=hidden_bias, name="body", **settings)(body)
        up = Upsampler(
            self.scale, self.features, bias_init=hidden_bias, name="upsampler", **settings
        )(body + head)
        tail = Conv(self.channels, (3, 3), bias_init=hidden_bias, name="tail", **settings)(up)
        return tail.astype(x.dtype) / self.value_range + mean
