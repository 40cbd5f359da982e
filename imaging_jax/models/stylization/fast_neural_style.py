from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import (
    Conv,
    TransposedConv,
    check_at_least,
    check_batch,
    instance_norm,
    torch_kernel,
)

_BLOCKS = 5
# A block takes two pixels off each edge, at a quarter of the size.
_MARGIN = 4 * 2 * _BLOCKS
# Of Caffe's VGG in BGR, which the network's levels are relative to.
_MEAN = (103.939, 116.779, 123.68)
_RANGE = 150.0


class FastNeuralStyle(nn.Module):
    """Johnson's feed-forward network: one style, given to any image in one pass.

    The image is continued by reflection, by 40 pixels, which blocks without padding take off again.
    With 32 features there are 1,679,235 parameters, with 16 there are 424,899. Kernels start as
    Torch's.

    Attributes:
        features: width at full resolution; twice and four times as many below.
        dtype: type of computation; parameters are float32.
        precision: of the convolutions.

    Raises:
        ValueError: on images that aren't RGB or have less than 2x2 pixels, or features below 1.

    Source: Johnson, Alahi, Fei-Fei, "Perceptual Losses for Real-Time Style Transfer and
    Super-Resolution", ECCV 2016, and its supplement, with the instance norms of
    github.com/jcjohnson/fast-neural-style.
    """

    features: int = 32
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    takes: ClassVar[tuple[str, ...]] = ("image",)
    channels: ClassVar[int] = 3

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Maps ``(N, H, W, 3)`` to the same size, nominally in [0, 1]; `train` changes nothing."""
        del train
        check_batch(x, "x", (None, None, self.channels), "FastNeuralStyle")
        check_at_least(1, "FastNeuralStyle", features=self.features)
        height, width = x.shape[-3:-1]
        check_at_least(2, "FastNeuralStyle", height=height, width=width)
        mean = jnp.asarray(_MEAN, jnp.float32)
        margins = [(0, 0), (_MARGIN, _MARGIN), (_MARGIN, _MARGIN), (0, 0)]
        y = jnp.pad(255 * x[..., ::-1] - mean, margins, mode="reflect")
        y = self._layer(self._conv(y, self.features, 9, "conv1", padding=4), "conv1")
        for level in (1, 2):
            name = f"down{level}"
            y = self._conv(y, self.features * 2**level, 3, name, padding=1, strides=2)
            y = self._layer(y, name)
        for index in range(1, _BLOCKS + 1):
            y = self._block(y, f"block{index}")
        for level in (1, 0):
            name = f"up{level + 1}"
            y = self._layer(self._up(y, self.features * 2**level, name), name)
        y = self._conv(y, self.channels, 9, "conv2", padding=4).astype(jnp.float32)
        # Of odd sides there is a pixel more.
        y = y[..., :height, :width, :]
        return (_RANGE * nn.tanh(y) + mean)[..., ::-1] / 255

    def _block(self, x, name):
        width = x.shape[-1]
        y = self._layer(self._conv(x, width, 3, f"{name}_conv1"), f"{name}_conv1")
        y = self._conv(y, width, 3, f"{name}_conv2")
        return x[..., 2:-2, 2:-2, :] + self._norm(y, f"{name}_conv2")

    def _layer(self, y, name):
        return nn.relu(self._norm(y, name))

    def _norm(self, y, name):
        return instance_norm(y, f"{name}_norm", dtype=self.dtype)

    def _conv(self, x, width, size, name, *, padding=0, strides=1):
        return Conv(
            width,
            (size, size),
            strides=strides,
            padding=padding,
            kernel_init=torch_kernel,
            dtype=self.dtype,
            precision=self.precision,
            name=name,
        )(x)

    def _up(self, x, width, name):
        return TransposedConv(
            width,
            kernel_size=3,
            # Torch's padding 1 and output padding 1.
            crop=(1, 0),
            use_bias=True,
            kernel_init=torch_kernel,
            dtype=self.dtype,
            precision=self.precision,
            name=name,
        )(x)
