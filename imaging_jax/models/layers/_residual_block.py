from typing import Any

import jax
from flax import linen as nn
from flax.typing import Initializer

from imaging_jax.models.layers._convolution import Conv


class ResidualBlock(nn.Module):
    """The EDSR block: x + residual_scale · conv(relu(conv(x))), 3x3, without batch norm.

    Call it with ``(..., H, W, features)``; the result has the same shape.

    Source: Lim et al., "Enhanced Deep Residual Networks for Single Image Super-Resolution",
    CVPRW 2017, figure 2(c); residual scaling from section 3.3.
    """

    features: int
    residual_scale: float = 1.0
    kernel_init: Initializer = nn.initializers.lecun_normal()
    bias_init: Initializer = nn.initializers.zeros
    dtype: Any = None
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Maps ``(..., H, W, features)`` to the same shape."""
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
        return x + self.residual_scale * residual
