from typing import Any, ClassVar, Literal

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import (
    BatchNormResidualBlock,
    Conv,
    PReLU,
    batch_norm,
    check_channels,
)
from imaging_jax.transforms import depth_to_space


class SRResNet(nn.Module):
    """SRResNet, the generator of SRGAN: residual blocks with batch norm, sub-pixel upsampling.

    1,550,659 parameters at x4 with the defaults, 1,549,462 with shared slopes. The paper scales
    the high-resolution image to [-1, 1] and ends in tanh; here that is scaled back to [0, 1].
    Kernels start LeCun normal, slopes at 0.25.

    Attributes:
        scale: 2, 4 or 8; the paper's is 4. Every doubling is one sub-pixel convolution.
        channels: image channels.
        features: width of the hidden layers.
        blocks: number of residual blocks.
        shared_slopes: one PReLU slope a layer instead of one a channel.
        body_end: what follows the convolution after the last block: "batch_norm" as in the paper,
            or "prelu" as in the published weights that have 5 blocks.
        dtype: type of computation; parameters are float32.
        precision: of the convolutions.

    Raises:
        ValueError: on another scale or number of channels, or an unknown body_end.

    Source: Ledig et al., "Photo-Realistic Single Image Super-Resolution Using a Generative
    Adversarial Network", CVPR 2017, section 2.1 and figure 4.
    """

    scale: int
    channels: int = 3
    features: int = 64
    blocks: int = 16
    shared_slopes: bool = False
    body_end: Literal["batch_norm", "prelu"] = "batch_norm"
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    takes: ClassVar[tuple[str, ...]] = ("image",)

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Maps ``(..., H, W, C)`` in [0, 1] to ``(..., scale·H, scale·W, C)``.

        With ``train`` the batch norms take the batch's own statistics and update the running ones
        in the collection ``batch_stats``; otherwise they take the running ones.
        """
        check_channels(x, self.channels, "SRResNet")
        if self.scale not in (2, 4, 8):
            raise ValueError(f"scale must be 2, 4 or 8, got {self.scale}")
        if self.body_end not in ("batch_norm", "prelu"):
            raise ValueError(f"body_end must be 'batch_norm' or 'prelu', got {self.body_end!r}")
        settings = {"dtype": self.dtype, "precision": self.precision}

        head = Conv(self.features, (9, 9), name="head", **settings)(x)
        head = PReLU(self.shared_slopes, name="head_prelu")(head)
        body = head
        for index in range(self.blocks):
            body = BatchNormResidualBlock(
                self.features, self.shared_slopes, name=f"block{index + 1}", **settings
            )(body, train)
        body = Conv(self.features, (3, 3), name="body", **settings)(body)
        if self.body_end == "batch_norm":
            body = batch_norm(body, train, "body_norm", dtype=self.dtype)
        else:
            body = PReLU(self.shared_slopes, name="body_prelu")(body)
        up = body + head
        for index in range(self.scale.bit_length() - 1):
            up = Conv(4 * self.features, (3, 3), name=f"up{index + 1}", **settings)(up)
            up = PReLU(self.shared_slopes, name=f"up{index + 1}_prelu")(depth_to_space(up, 2))
        tail = Conv(self.channels, (9, 9), name="tail", **settings)(up)
        return (jnp.tanh(tail.astype(x.dtype)) + 1) / 2
