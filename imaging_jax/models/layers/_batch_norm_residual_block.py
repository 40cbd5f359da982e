from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers._convolution import Conv
from imaging_jax.models.layers._normalization import batch_norm
from imaging_jax.models.layers._prelu import PReLU


class BatchNormResidualBlock(nn.Module):
    """The block of SRResNet: x + norm(conv(prelu(norm(conv(x))))), 3x3, with batch norms.

    Attributes:
        features: channels of x.
        shared_slopes: one PReLU slope instead of one a channel.
        dtype: type of computation; parameters are float32.
        precision: of the convolutions.

    Source: Ledig et al., "Photo-Realistic Single Image Super-Resolution Using a Generative
    Adversarial Network", CVPR 2017, figure 4.
    """

    features: int
    shared_slopes: bool = False
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Maps ``(..., H, W, features)`` to the same shape, ``train`` as of `batch_norm`."""
        settings = {"dtype": self.dtype, "precision": self.precision}
        residual = Conv(self.features, (3, 3), name="conv1", **settings)(x)
        residual = batch_norm(residual, train, "norm1", dtype=self.dtype)
        residual = PReLU(self.shared_slopes, name="prelu")(residual)
        residual = Conv(self.features, (3, 3), name="conv2", **settings)(residual)
        return x + batch_norm(residual, train, "norm2", dtype=self.dtype)
