from functools import partial
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import Conv, check_channels

DILATIONS = (1, 2, 3, 4, 3, 2, 1)


class IRCNN(nn.Module):
    """The denoiser of IRCNN: seven dilated 3x3 convolutions predict the noise.

    One network serves one noise level; the paper has 25, for 2, 4 … 50 of 255. 185,857 parameters
    for grey images, 188,163 for colours, as published with the batch norms of training merged into
    the convolutions; it is trained without them here. Kernels start He normal, the last one near
    zero.

    Attributes:
        channels: image channels.
        features: width of the hidden layers.
        dtype: type of computation; parameters are float32.
        precision: of the convolutions.

    Raises:
        ValueError: on another number of channels.

    Source: Zhang, Zuo, Gu, Zhang, "Learning Deep CNN Denoiser Prior for Image Restoration",
    CVPR 2017, figure 1.
    """

    channels: int = 1
    features: int = 64
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    takes: ClassVar[tuple[str, ...]] = ("image",)

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Denoises ``(..., H, W, channels)`` in [0, 1]; ``train`` changes nothing."""
        check_channels(x, self.channels, "IRCNN")
        conv = partial(Conv, kernel_size=(3, 3), dtype=self.dtype, precision=self.precision)
        noise = x
        for index, dilation in enumerate(DILATIONS[:-1]):
            noise = conv(
                self.features,
                kernel_dilation=dilation,
                kernel_init=nn.initializers.he_normal(),
                name=f"conv{index + 1}",
            )(noise)
            noise = nn.relu(noise)
        noise = conv(
            self.channels,
            kernel_init=nn.initializers.variance_scaling(1e-4, "fan_in", "normal"),
            name=f"conv{len(DILATIONS)}",
        )(noise)
        return x - noise.astype(x.dtype)
