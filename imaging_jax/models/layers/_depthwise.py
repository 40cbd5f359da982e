from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers._initializers import torch_kernel


class DepthwiseConv(nn.Module):
    """A convolution of each channel by itself, zeros around the image.

    On CPU it is a sum of shifted images: XLA's grouped convolution takes 20 to 30 times as long
    there, its gradient 1.3 to 14 times. The gradient by the kernel is taken row by row, so that
    rows are read once for all taps, which takes a tenth of the time where images are large.

    Attributes:
        size: of the square kernel.
        use_bias: add a bias to each channel.
        dtype: type of computation; parameters are float32.
        precision: of the grouped convolution.

    Source: Chollet, "Xception: Deep Learning with Depthwise Separable Convolutions", CVPR 2017,
    section 2.
    """

    size: int = 3
    use_bias: bool = True
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Maps ``(..., H, W, C)`` to the same shape."""
        features = x.shape[-1]
        kernel = self.param("kernel", torch_kernel, (self.size, self.size, 1, features))
        x, kernel = x.astype(self.dtype), kernel.astype(self.dtype)
        if jax.default_backend() == "cpu":
            images = x.reshape(-1, *x.shape[-3:])
            y = _shifted_on_cpu(images, kernel).reshape(x.shape)
        else:
            y = _grouped(x, kernel, self.precision)
        if self.use_bias:
            y = y + self.param("bias", nn.initializers.zeros, (features,)).astype(self.dtype)
        return y


class SeparableConv(nn.Module):
    """A depthwise 3x3 convolution, then a pointwise one: 8,768 parameters from 64 to 128 channels.

    A whole 3x3 convolution has 73,728.

    Attributes:
        features: output channels.
        use_bias: of both convolutions.
        dtype: type of computation; parameters are float32.
        precision: of convolution and product.

    Source: Howard et al., "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision
    Applications", 2017, section 3.1.
    """

    features: int
    use_bias: bool = False
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Maps ``(..., H, W, C)`` to ``(..., H, W, features)``."""
        settings = {
            "use_bias": self.use_bias,
            "dtype": self.dtype,
            "precision": self.precision,
        }
        y = DepthwiseConv(name="depthwise", **settings)(x)
        return nn.Dense(self.features, kernel_init=torch_kernel, name="pointwise", **settings)(y)


def _shifted(x, kernel):
    size, (height, width) = kernel.shape[0], x.shape[-3:-1]
    margin = ((size - 1) // 2, size // 2)
    padded = jnp.pad(x, [*[(0, 0)] * (x.ndim - 3), margin, margin, (0, 0)])
    total = sum(
        (
            padded[..., row : row + height, column : column + width, :] * kernel[row, column, 0]
        ).astype(_wide(x))
        for row in range(size)
        for column in range(size)
    )
    return total.astype(x.dtype)


@jax.custom_vjp
def _shifted_on_cpu(x, kernel):
    return _shifted(x, kernel)


def _forward(x, kernel):
    return _shifted(x, kernel), (x, kernel)


def _backward(given, dy):
    x, kernel = given
    (dx,) = jax.vjp(lambda x: _shifted(x, kernel), x)[1](dy)
    return dx, _by_rows(x, dy, kernel.shape[0]).astype(kernel.dtype)


_shifted_on_cpu.defvjp(_forward, _backward)


def _by_rows(x, dy, size):
    """The gradient by a kernel of so many rows, added up over the rows of images."""
    height, width, channels = x.shape[-3:]
    margin = ((size - 1) // 2, size // 2)
    padded = jnp.pad(x, [(0, 0), margin, margin, (0, 0)])

    def with_row(row, total):
        seen = jax.lax.dynamic_slice_in_dim(padded, row, size, axis=1).astype(total.dtype)
        moved = jax.lax.dynamic_slice_in_dim(dy, row, 1, axis=1)[:, 0].astype(total.dtype)
        taps = [
            jnp.sum(seen[:, i, j : j + width] * moved, axis=1)
            for i in range(size)
            for j in range(size)
        ]
        return total + jnp.stack(taps, axis=1)

    # Images are added up at the end: where devices share the batch, once.
    start = jnp.zeros((len(x), size * size, channels), _wide(x))
    total = jax.lax.fori_loop(0, height, with_row, start).sum(axis=0)
    return total.reshape(size, size, 1, channels)


def _wide(x):
    # As a grouped convolution does, it adds up in float32 at least.
    return jnp.promote_types(x.dtype, jnp.float32)


def _grouped(x, kernel, precision):
    y = jax.lax.conv_general_dilated(
        x.reshape(-1, *x.shape[-3:]),
        kernel,
        (1, 1),
        "SAME",
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        feature_group_count=x.shape[-1],
        precision=precision,
    )
    return y.reshape(x.shape)
