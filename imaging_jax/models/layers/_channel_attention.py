from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers._checks import check_at_least
from imaging_jax.models.layers._initializers import torch_kernel


class ChannelMLP(nn.Module):
    """Two dense layers with a ReLU between, which narrow the channels and widen them again.

    Attributes:
        ratio: channels to one of the hidden layer.
        features: channels of the output; None for those of the input.
        dtype: type of computation; parameters are float32.
        precision: of the products.
    """

    ratio: int = 16
    features: int | None = None
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Maps ``(..., C)`` to ``(..., features)``."""
        settings = {"kernel_init": torch_kernel, "dtype": self.dtype, "precision": self.precision}
        channels = x.shape[-1]
        y = nn.relu(nn.Dense(channels // self.ratio, name="reduce", **settings)(x))
        return nn.Dense(self.features or channels, name="expand", **settings)(y)


class SqueezeExcitation(nn.Module):
    """Squeeze and excitation: channels weighed by what the whole image holds of each.

    The weights are sigmoid(W₂ relu(W₁ mean)), with biases: 2 C² / ratio + C / ratio + C parameters.

    Attributes:
        ratio: r, channels to one of the hidden layer.
        dtype: type of computation; parameters are float32.
        precision: of the products.

    Raises:
        ValueError: with fewer channels than ``ratio``.

    Source: Hu, Shen, Sun, "Squeeze-and-Excitation Networks", CVPR 2018, section 3.
    """

    ratio: int = 16
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Maps ``(..., H, W, C)`` to the same shape; ``train`` changes nothing."""
        check_at_least(self.ratio, type(self).__name__, channels=x.shape[-1])
        mlp = ChannelMLP(self.ratio, dtype=self.dtype, precision=self.precision, name="mlp")
        return x * nn.sigmoid(mlp(jnp.mean(x, axis=(-3, -2), keepdims=True)))


class ChannelAttention(SqueezeExcitation):
    """The channel attention of RCAN, which is squeeze and excitation.

    Its 1x1 convolutions of one pooled pixel are dense layers.

    Source: Zhang, Li, Li, Wang, Zhong, Fu, "Image Super-Resolution Using Very Deep Residual
    Channel Attention Networks", ECCV 2018, section 3.3.
    """
