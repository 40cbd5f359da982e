import math
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers._checks import check_at_least
from imaging_jax.models.layers._initializers import fan_in_uniform
from imaging_jax.models.layers._weight_norm import weight_normalized


class CausalConv(nn.Module):
    """A dilated convolution over time that sees no later step, as one product of shifted copies.

    Output t sees the inputs t, t - dilation, …, t - (kernel_size - 1) · dilation; before the first
    step there are zeros. Under weight normalisation each output channel has a direction v and a
    length g, w = g v / |v|, and g starts at |v|. On CPU the gradient of a product takes less time
    than that of XLA's dilated convolution.

    Attributes:
        features: output channels.
        kernel_size: taps.
        dilation: steps between taps.
        weight_norm: learn directions and lengths instead of weights.
        dtype: type of computation; parameters and norms are float32.
        precision: of the product.

    Raises:
        ValueError: a size below 1.

    Source: van den Oord et al., "WaveNet", 2016, section 2.1; Salimans, Kingma, "Weight
    normalization", NIPS 2016, section 2.
    """

    features: int
    kernel_size: int
    dilation: int = 1
    weight_norm: bool = True
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Maps ``(N, T, C)`` to ``(N, T, features)``."""
        check_at_least(
            1,
            "CausalConv",
            features=self.features,
            kernel_size=self.kernel_size,
            dilation=self.dilation,
        )
        _, steps, channels = x.shape
        fan_in = self.kernel_size * channels
        init = fan_in_uniform(fan_in)
        shape = (self.kernel_size, channels, self.features)
        if self.weight_norm:
            kernel = weight_normalized(self, shape, init)
        else:
            kernel = self.param("kernel", init, shape)
        bias = self.param("bias", init, (self.features,))
        x, kernel, bias = (value.astype(self.dtype) for value in (x, kernel, bias))
        reach = (self.kernel_size - 1) * self.dilation
        padded = jnp.pad(x, [(0, 0), (reach, 0), (0, 0)])
        starts = range(0, reach + 1, self.dilation)
        shifted = jnp.concatenate([padded[:, start : start + steps] for start in starts], axis=-1)
        flat = kernel.reshape(math.prod(kernel.shape[:2]), self.features)
        return jnp.matmul(shifted, flat, precision=self.precision) + bias
