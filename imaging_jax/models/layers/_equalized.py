import math
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers._convolution import convolve


class EqualizedDense(nn.Module):
    """A dense layer with an equalised learning rate.

    The kernel starts as N(0, 1) and is divided by the root of the fan-in whenever it is used, so
    that Adam moves the layers at one relative rate.

    Attributes:
        features: outputs.
        bias_init: what the bias starts as.
        rate: multiplier of the layer's learning rate; its kernel starts as N(0, 1 / rate²).
        dtype: type of computation.
        precision: of the product.

    Source: Karras, Aila, Laine, Lehtinen, "Progressive Growing of GANs for Improved Quality,
    Stability, and Variation", ICLR 2018, section 4.1.
    """

    features: int
    bias_init: float = 0.0
    rate: float = 1.0
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Maps ``(..., D)`` to ``(..., features)``."""
        fan_in = x.shape[-1]
        shape = (fan_in, self.features)
        kernel = self.param("kernel", nn.initializers.normal(1 / self.rate), shape)
        start = nn.initializers.constant(self.bias_init / self.rate)
        bias = self.param("bias", start, (self.features,))
        kernel = (kernel * (self.rate / math.sqrt(fan_in))).astype(self.dtype)
        y = jnp.matmul(x.astype(self.dtype), kernel, precision=self.precision)
        return y + (self.rate * bias).astype(self.dtype)


class EqualizedConv(nn.Module):
    """A convolution with an equalised learning rate: see `EqualizedDense`.

    Attributes:
        features: output channels.
        kernel_size: of the square kernel.
        stride: of both axes.
        padding: "SAME" or "VALID".
        use_bias: add a bias, which starts as 0.
        dtype: type of computation.
        precision: of the convolution.
    """

    features: int
    kernel_size: int = 3
    stride: int = 1
    padding: str = "SAME"
    use_bias: bool = True
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Maps ``(N, H, W, C)`` to ``(N, H / stride, W / stride, features)``, fewer if "VALID"."""
        shape = (self.kernel_size, self.kernel_size, x.shape[-1], self.features)
        kernel = self.param("kernel", nn.initializers.normal(1.0), shape)
        kernel = (kernel / math.sqrt(math.prod(shape[:3]))).astype(self.dtype)
        y = convolve(
            x.astype(self.dtype),
            kernel,
            (self.stride, self.stride),
            self.padding,
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
            precision=self.precision,
        )
        if self.use_bias:
            y = y + self.param("bias", nn.initializers.zeros, (self.features,)).astype(self.dtype)
        return y
