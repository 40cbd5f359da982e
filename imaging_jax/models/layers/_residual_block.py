from typing import Any

import jax
from flax import linen as nn
from flax.typing import Initializer

from imaging_jax.models.layers._attention_blocks import attention_block
from imaging_jax.models.layers._convolution import Conv


class ResidualBlock(nn.Module):
    """The EDSR block: x + residual_scale · conv(relu(conv(x))), 3x3, without batch norm.

    Call it with ``(..., H, W, features)``; the result has the same shape. ``attention`` names a
    block of `ATTENTION` that the residual passes before the addition.

    Source: Lim et al., "Enhanced Deep Residual Networks for Single Image Super-Resolution",
    CVPRW 2017, figure 2(c); residual scaling from section 3.3.
    """

    features: int
    residual_scale: float = 1.0
    kernel_init: Initializer = nn.initializers.lecun_normal()
    bias_init: Initializer = nn.initializers.zeros
    dtype: Any = None
    precision: jax.lax.PrecisionLike = None
    attention: str = ""

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Maps ``(..., H, W, features)`` to the same shape; ``train`` is the attention's."""
        settings = {
            "features": self.features,
            "kernel_size": (3, 3),
            "kernel_init": self.kernel_init,
            "bias_init": self.bias_init,
            "dtype": self.dtype,
            "precision": self.precision,
        }
        residual = nn.relu(Conv(**settings, name="conv1")(x))
        residual = Conv(**settings, name="conv2")(residual)
        if self.attention:
            attend = attention_block(
                self.attention,
                "ResidualBlock",
                dtype=self.dtype,
                precision=self.precision,
                name="attention",
            )
            residual = attend(residual, train)
        return x + self.residual_scale * residual
