from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers._checks import check_at_least
from imaging_jax.models.layers._convolution import Conv
from imaging_jax.models.layers._initializers import torch_kernel
from imaging_jax.models.layers._normalization import batch_norm

_DILATION = 4


class BAM(nn.Module):
    """The bottleneck attention module: x · (1 + sigmoid(channels · places)).

    The channels' branch is an MLP of the mean, the places' branch narrows the image and sees it
    through two dilated 3x3 convolutions. Paper and code disagree: the paper adds the branches,
    the code, from which its figures come, multiplies them; so does this.

    Attributes:
        ratio: r, channels to one of the hidden layers.
        dtype: type of computation; parameters are float32.
        precision: of products and convolutions.

    Raises:
        ValueError: with fewer channels than ``ratio``.

    Source: Park, Woo, Lee, Kweon, "BAM: Bottleneck Attention Module", BMVC 2018, section 3.
    """

    ratio: int = 16
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Maps ``(..., H, W, C)`` to the same shape."""
        features = x.shape[-1]
        check_at_least(self.ratio, "BAM", channels=features)
        hidden = features // self.ratio
        settings = {"kernel_init": torch_kernel, "dtype": self.dtype, "precision": self.precision}
        dense = partial(nn.Dense, **settings)
        conv = partial(Conv, hidden, (3, 3), kernel_dilation=_DILATION, **settings)

        def rectified(y, name):
            return nn.relu(batch_norm(y, train, name, dtype=self.dtype))

        channels = dense(hidden, name="channel_reduce")(jnp.mean(x, axis=(-3, -2), keepdims=True))
        channels = rectified(channels, "channel_norm")
        channels = dense(features, name="channel_expand")(channels)
        places = rectified(dense(hidden, name="spatial_reduce")(x), "spatial_norm")
        for index in (1, 2):
            places = conv(name=f"spatial_conv{index}")(places)
            places = rectified(places, f"spatial_conv{index}_norm")
        places = dense(1, name="spatial_out")(places)
        return x * (1 + nn.sigmoid(channels * places))
