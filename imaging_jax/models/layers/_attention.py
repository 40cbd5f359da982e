import contextlib
from functools import partial
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
        mix = partial(attend, precision=self.precision)
        for _ in range(x.ndim - 3):
            mix = jax.vmap(mix, in_axes=(0, 0, 0, None, None))
        mixed = mix(query, key, value, bias, mask)
        return nn.Dense(width, name="projection", **settings)(mixed.reshape(x.shape))


def attend(
    query: jax.Array,
    key: jax.Array,
    value: jax.Array,
    bias: jax.Array | None = None,
    mask: jax.Array | None = None,
    *,
    is_causal: bool = False,
    precision: jax.lax.PrecisionLike = None,
) -> jax.Array:
    """`jax.nn.dot_product_attention` with its products at a precision.

    Logits and softmax are float32.

    Args:
        query: ``(B, T, heads, d)``.
        key: ``(B, S, heads, d)``.
        value: likewise.
        bias: added to the logits; broadcasts against ``(B, heads, T, S)``.
        mask: boolean, likewise: which keys a query attends to.
        is_causal: a query attends to keys no later than itself alone.
        precision: of the products; None for the default.
    """
    # It has no such argument.
    if precision is None:
        told = contextlib.nullcontext()
    else:
        name = precision.name.lower() if isinstance(precision, jax.lax.Precision) else precision
        told = jax.default_matmul_precision(name)
    with told:
        return jax.nn.dot_product_attention(query, key, value, bias, mask, is_causal=is_causal)
