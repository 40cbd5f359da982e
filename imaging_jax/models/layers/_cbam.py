from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers._channel_attention import ChannelMLP
from imaging_jax.models.layers._checks import check_at_least
from imaging_jax.models.layers._convolution import Conv
from imaging_jax.models.layers._initializers import torch_kernel
from imaging_jax.models.layers._normalization import batch_norm


class CBAM(nn.Module):
    """The convolutional block attention module: channels are weighed, then places.

    One MLP sees the mean and the maximum of each channel; a 7x7 convolution with batch norm sees
    the maximum and the mean of each pixel's channels.

    Attributes:
        ratio: r, channels to one of the MLP's hidden layer.
        dtype: type of computation; parameters are float32.
        precision: of products and convolution.

    Raises:
        ValueError: with fewer channels than ``ratio``.

    Source: Woo, Park, Lee, Kweon, "CBAM: Convolutional Block Attention Module", ECCV 2018,
    section 3; the batch norm, with a momentum of 0.99, is that of the authors' code.
    """

    ratio: int = 16
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Maps ``(..., H, W, C)`` to the same shape."""
        check_at_least(self.ratio, "CBAM", channels=x.shape[-1])
        settings = {"dtype": self.dtype, "precision": self.precision}
        mlp = ChannelMLP(self.ratio, name="mlp", **settings)
        image = {"axis": (-3, -2), "keepdims": True}
        x = x * nn.sigmoid(mlp(jnp.mean(x, **image)) + mlp(jnp.max(x, **image)))
        pixel = {"axis": -1, "keepdims": True}
        places = jnp.concatenate([jnp.max(x, **pixel), jnp.mean(x, **pixel)], axis=-1)
        places = Conv(
            1, (7, 7), use_bias=False, kernel_init=torch_kernel, name="spatial", **settings
        )(places)
        places = batch_norm(places, train, "spatial_norm", momentum=0.99, dtype=self.dtype)
        return x * nn.sigmoid(places)
