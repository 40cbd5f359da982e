from functools import partial
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import Conv, check_channels


class ARCNN(nn.Module):
    """AR-CNN: four convolutions that remove the artefacts of JPEG.

    The input is the decompressed image, in [0, 1]; the paper feeds the luminance alone. 9-7-1-5
    with the default widths has 106,561 parameters. It also stands before a super-resolution
    network whose low-resolution image comes from a JPEG file. Kernels start He normal, the last
    one near zero where it predicts a residual.

    Attributes:
        channels: image channels.
        features: widths of the hidden layers.
        residual: the output is added to the input, which takes minutes to train rather than days;
            the paper predicts the image itself.
        dtype: type of computation; parameters are float32.
        precision: of the convolutions.

    Raises:
        ValueError: on another number of channels.

    Source: Dong, Deng, Loy, Tang, "Compression Artifacts Reduction by a Deep Convolutional
    Network", ICCV 2015, section 3.2.
    """

    channels: int = 1
    features: tuple[int, int, int] = (64, 32, 16)
    residual: bool = False
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    takes: ClassVar[tuple[str, ...]] = ("image",)

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Maps ``(..., H, W, channels)`` in [0, 1] to the same shape; ``train`` changes nothing."""
        check_channels(x, self.channels, "ARCNN")
        conv = partial(Conv, dtype=self.dtype, precision=self.precision)
        he = nn.initializers.he_normal()
        y = x
        for index, (width, size) in enumerate(zip(self.features, (9, 7, 1), strict=True)):
            y = nn.relu(conv(width, (size, size), kernel_init=he, name=f"conv{index + 1}")(y))
        scale = 1e-4 if self.residual else 1.0
        last = nn.initializers.variance_scaling(scale, "fan_in", "normal")
        y = conv(self.channels, (5, 5), kernel_init=last, name="conv4")(y).astype(x.dtype)
        return x + y if self.residual else y
