from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import (
    ATTENTION,
    Conv,
    ResidualBlock,
    check_at_least,
    check_channels,
    check_choice,
)
from imaging_jax.transforms import depth_to_space


class EDSRLight(nn.Module):
    """A small EDSR whose output starts as the input's pixels, repeated.

    Everything but the last shuffle runs at low resolution, and the last convolution starts near
    zero, so that training begins at nearest-neighbour enlargement and needs minutes rather than
    days. 91,931 parameters at x3 with the defaults.

    Attributes:
        scale: enlargement, at least 1.
        channels: image channels.
        features: width of the hidden layers.
        blocks: number of residual blocks.
        dtype: type of computation; parameters are float32.
        precision: of the convolutions.
        remat: recompute every residual block in the backward pass instead of keeping it.
        attention: block of `layers.ATTENTION` on every residual branch before the addition; ""
            for none.

    Raises:
        ValueError: on another number of channels, a scale below 1, or an unknown attention.

    Source: after Lim et al., CVPRW 2017 (EDSR), with the sub-pixel convolution of Shi et al.,
    CVPR 2016, as the only upsampler; the nearest-neighbour skip is this code base's own.
    """

    scale: int
    channels: int = 3
    features: int = 32
    blocks: int = 4
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
        check_channels(x, self.channels, "EDSRLight")
        check_at_least(1, "EDSRLight", scale=self.scale)
        check_choice("EDSRLight", "attention", self.attention, ("", *ATTENTION))
        settings = {"dtype": self.dtype, "precision": self.precision}
        block = nn.remat(ResidualBlock, static_argnums=2) if self.remat else ResidualBlock

        head = Conv(self.features, (3, 3), name="head", **settings)(x - 0.5)
        body = head
        for index in range(self.blocks):
            body = block(
                self.features, attention=self.attention, name=f"block{index + 1}", **settings
            )(body, train)
        body = Conv(self.features, (3, 3), name="body", **settings)(body)
        tail = Conv(
            self.scale**2 * self.channels,
            (3, 3),
            kernel_init=nn.initializers.variance_scaling(1e-4, "fan_in", "normal"),
            name="tail",
            **settings,
        )(body + head)
        repeated = jnp.tile(x, self.scale**2)
        return depth_to_space(repeated + tail.astype(x.dtype), self.scale)
