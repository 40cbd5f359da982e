import contextlib
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from flax.typing import Initializer

from imaging_jax.models.layers._checks import check_heads


class MultiHeadSelfAttention(nn.Module):
    """Multi-head self-attention: softmax(Q Kᵀ / √d_h) V of each head, then a projection.

    ``4 d² + 4 d`` parameters at width d.

    Attributes:
        heads: a divisor of the width.
        kernel_init: of the projections.
        dtype: type of computation; parameters, logits and softmax are float32.
        precision: of the products.

    Raises:
        ValueError: on a width that isn't a multiple of the heads.

    Source: Vaswani et al., "Attention Is All You Need", NIPS 2017, section 3.2.
    """

    heads: int
    kernel_init: Initializer = nn.initializers.truncated_normal(0.02)
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(
        self, x: jax.Array, bias: jax.Array | None = None, mask: jax.Array | None = None
    ) -> jax.Array:
        """Maps sequences to the same shape.

        Args:
            x: ``(..., B, T, d)``.
            bias: added to the logits; broadcasts against ``(B, heads, T, T)``.
            mask: boolean, likewise: which keys (last axis) a query attends to.
        """
        width = x.shape[-1]
        check_heads("MultiHeadSelfAttention", width, self.heads)
        settings = {
            "kernel_init": self.kernel_init,
            "dtype": self.dtype,
            "precision": self.precision,
        }
        qkv = nn.Dense(3 * width, name="qkv", **settings)(x)
        by_heads = qkv.reshape(*x.shape[:-1], 3, self.heads, width // self.heads)
        query, key, value = (by_heads[..., index, :, :] for index in range(3))
        attend = jax.nn.dot_product_attention
        for _ in range(x.ndim - 3):
            attend = jax.vmap(attend, in_axes=(0, 0, 0, None, None))
        with _default_precision(self.precision):
            mixed = attend(query, key, value, bias, mask)
        return nn.Dense(width, name="projection", **settings)(mixed.reshape(x.shape))


def _default_precision(precision):
    # The only way to tell `dot_product_attention`.
    if precision is None:
        return contextlib.nullcontext()
    if isinstance(precision, jax.lax.Precision):
        precision = precision.name.lower()
    return jax.default_matmul_precision(precision)
