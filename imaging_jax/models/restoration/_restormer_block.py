"""The block of Restormer: attention between channels, and gated layers."""

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import DepthwiseConv, check_heads, torch_kernel

_EXPANSION = 2.66


class RestormerBlock(nn.Module):
    """Attention between channels, then gated layers, each after a norm and added to its input.

    Attributes:
        heads: of attention, a divisor of the width.
        mean_free_norm: norms subtract the mean and have a bias.
        dtype: type of computation; parameters, logits, softmax and norms are float32.
        precision: of the products.
    """

    heads: int
    mean_free_norm: bool = True
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Maps ``(N, H, W, C)`` to the same shape."""
        settings = {"dtype": self.dtype, "precision": self.precision}
        attention = TransposedAttention(self.heads, name="attention", **settings)
        x = x + attention(self._norm("norm1")(x))
        return x + GatedFeedForward(name="mlp", **settings)(self._norm("norm2")(x))

    def _norm(self, name):
        if self.mean_free_norm:
            return nn.LayerNorm(epsilon=1e-5, dtype=self.dtype, name=name)
        return _DeviationNorm(self.dtype, name=name)


class TransposedAttention(nn.Module):
    """MDTA: attention between the channels of a head, each told by its image.

    Attributes:
        heads: a divisor of the width.
        dtype: type of computation; parameters, norms of channels, logits and softmax are float32.
        precision: of the products.

    Source: Zamir et al., CVPR 2022, section 3.1.
    """

    heads: int
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Maps ``(N, H, W, C)`` to the same shape."""
        settings = {"use_bias": False, "dtype": self.dtype, "precision": self.precision}
        features = x.shape[-1]
        check_heads("TransposedAttention", features, self.heads)
        qkv = nn.Dense(3 * features, kernel_init=torch_kernel, name="qkv", **settings)(x)
        qkv = DepthwiseConv(name="qkv_conv", **settings)(qkv)
        by_heads = qkv.reshape(len(x), -1, 3, self.heads, features // self.heads)
        query, key, value = (by_heads[:, :, index] for index in range(3))
        temperature = self.param("temperature", nn.initializers.ones, (self.heads, 1, 1))
        # Products of the channels' images, divided by their norms, rather than products of the
        # divided images: two images less to keep, and in bfloat16 none that is rounded again.
        logits = jnp.einsum(
            "nphd,nphe->nhde",
            query,
            key,
            precision=self.precision,
            preferred_element_type=jnp.float32,
        )
        logits = temperature * logits
        logits = logits * _reciprocal_norm(query)[..., None] * _reciprocal_norm(key)[..., None, :]
        weights = nn.softmax(logits, axis=-1).astype(self.dtype)
        mixed = jnp.einsum("nhde,nphe->nphd", weights, value, precision=self.precision)
        projection = nn.Dense(features, kernel_init=torch_kernel, name="projection", **settings)
        return projection(mixed.reshape(x.shape))


class GatedFeedForward(nn.Module):
    """GDFN: two depthwise convolutions, one of which gates the other through a GELU.

    Attributes:
        dtype: type of computation; parameters are float32.
        precision: of the products.

    Source: Zamir et al., CVPR 2022, section 3.2.
    """

    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Maps ``(N, H, W, C)`` to the same shape."""
        settings = {"use_bias": False, "dtype": self.dtype, "precision": self.precision}
        features = x.shape[-1]
        hidden = int(_EXPANSION * features)
        y = nn.Dense(2 * hidden, kernel_init=torch_kernel, name="expand", **settings)(x)
        gate, y = jnp.split(DepthwiseConv(name="conv", **settings)(y), 2, axis=-1)
        y = nn.gelu(gate, approximate=False) * y
        return nn.Dense(features, kernel_init=torch_kernel, name="reduce", **settings)(y)


class _DeviationNorm(nn.Module):
    dtype: Any

    @nn.compact
    def __call__(self, x):
        scale = self.param("scale", nn.initializers.ones, (x.shape[-1],))
        wide = x.astype(jnp.float32)
        variance = jnp.var(wide, axis=-1, keepdims=True)
        return (wide * jax.lax.rsqrt(variance + 1e-5) * scale).astype(self.dtype)


def _reciprocal_norm(z):
    """Of each channel of ``(N, pixels, heads, d)`` over the pixels, ``(N, heads, d)``."""
    squares = jnp.sum(z.astype(jnp.float32) ** 2, axis=1)
    # The gradient of an image of zeros is 0, not the root's.
    return jax.lax.rsqrt(jnp.maximum(squares, 1e-24))
