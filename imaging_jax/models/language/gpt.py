from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from flax import struct

from imaging_jax.models.language.roles import LanguageModel
from imaging_jax.models.layers import attend, check_dropout, check_heads

# Of every kernel and table (Radford et al., 2018).
_DEVIATION = 0.02


@struct.dataclass
class Cache:
    """Keys and values of the tokens that were read.

    Attributes:
        keys: ``(depth, N, context, heads, width / heads)``.
        values: likewise.
        length: int32, how many tokens were read.
    """

    keys: jax.Array
    values: jax.Array
    length: jax.Array


class GPT(LanguageModel):
    """GPT: a decoder of causal self-attention whose last layer shares the table of tokens.

    GPT-2 has 124,439,808 parameters with the defaults; 354,823,168 of width 1024, depth 24 and 16
    heads, 774,030,080 of 1280, 36 and 20, 1,557,611,200 of 1600, 48 and 25. GPT-1 (a vocabulary of
    40,478, a context of 512, norms behind the sums) has 116,534,784. Attention weights, logits and
    norms are of float32.

    Attributes:
        vocabulary_size: tokens that there are.
        context: tokens it can look at.
        width: numbers a token is carried by.
        depth: layers.
        heads: of attention; they divide the width.
        bias: products and norms add one.
        norm_first: a norm stands before attention and perceptron, and one after the last layer
            (GPT-2), rather than behind their sums with the input (GPT-1).
        dropout: share dropped of embeddings and of what is added to them.
        dtype: type of computation; parameters are float32.
        precision: of the products.
        remat: recompute every layer in the backward pass instead of keeping it.

    Raises:
        ValueError: on sequences longer than the context, or a width that the heads don't divide.

    Source: Radford, Narasimhan, Salimans, Sutskever, "Improving Language Understanding by
    Generative Pre-Training", 2018; Radford, Wu, Child, Luan, Amodei, Sutskever, "Language Models
    are Unsupervised Multitask Learners", 2019.
    """

    vocabulary_size: int = 50257
    context: int = 1024
    width: int = 768
    depth: int = 12
    heads: int = 12
    bias: bool = True
    norm_first: bool = True
    dropout: float = 0.0
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None
    remat: bool = False

    def __call__(self, tokens: jax.Array, train: bool = False) -> jax.Array:
        """Predicts from tokens ``(N, T)`` the next ones: logits ``(N, T, vocabulary_size)``."""
        return self._read(tokens, None, train)[0]

    def read(self, tokens: jax.Array, cache: Cache) -> tuple[jax.Array, Cache]:
        """As the call, of tokens that follow those in the cache, which grows by them.

        The cache must have room for them.
        """
        return self._read(tokens, cache, train=False)

    def empty_cache(self, batch: int) -> Cache:
        """A cache of ``batch`` sequences of which nothing was read."""
        shape = (self.depth, batch, self.context, self.heads, self.width // self.heads)
        zeros = jnp.zeros(shape, self.dtype)
        return Cache(zeros, zeros, jnp.int32(0))

    @nn.compact
    def _read(self, tokens, cache, train):
        check_heads("GPT", self.width, self.heads)
        check_dropout(self.dropout, "GPT")
        length = tokens.shape[1]
        if length > self.context:
            raise ValueError(f"GPT: got {length} tokens, its context is {self.context}")
        table = nn.initializers.normal(_DEVIATION)
        embed = nn.Embed(self.vocabulary_size, self.width, embedding_init=table, name="tokens")
        places = nn.Embed(self.context, self.width, embedding_init=table, name="places")
        start = cache.length if cache else 0
        x = embed(tokens) + places(start + jnp.arange(length))
        x = nn.Dropout(self.dropout, deterministic=not train)(x).astype(self.dtype)
        grown = []
        layer = nn.remat(GPTLayer, static_argnums=(4,)) if self.remat else GPTLayer
        for index in range(self.depth):
            past = (cache.keys[index], cache.values[index]) if cache else None
            x, past = layer(
                self.heads,
                self.bias,
                self.norm_first,
                self.dropout,
                self.depth,
                self.dtype,
                self.precision,
                name=f"layer{index + 1}",
            )(x, past, start, train)
            grown.append(past)
        if self.norm_first:
            x = _norm(self.bias, self.dtype, "norm")(x)
        logits = jnp.einsum(
            "...d,vd->...v",
            x.astype(jnp.float32),
            embed.embedding,
            precision=self.precision,
        )
        if cache:
            keys, values = (jnp.stack(kind) for kind in zip(*grown, strict=True))
            cache = Cache(keys, values, cache.length + length)
        return logits, cache


class GPTLayer(nn.Module):
    """Causal attention and a perceptron, each with a norm and added to its input.

    Attributes:
        heads: of attention.
        bias: products and norms add one.
        norm_first: norms stand before, rather than behind the sums.
        dropout: share dropped of what is added.
        depth: layers of the network, by whose root the last products start smaller.
        dtype: type of computation.
        precision: of the products.
    """

    heads: int
    bias: bool
    norm_first: bool
    dropout: float
    depth: int
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(
        self,
        x: jax.Array,
        past: tuple[jax.Array, jax.Array] | None,
        start: int | jax.Array,
        train: bool,
    ) -> tuple[jax.Array, tuple[jax.Array, jax.Array] | None]:
        """As `CausalAttention`; with `dropout`, training takes the random stream "dropout"."""
        settings = {"dtype": self.dtype, "precision": self.precision}
        drop = nn.Dropout(self.dropout, deterministic=not train)
        norm1, norm2 = (_norm(self.bias, self.dtype, f"norm{index}") for index in (1, 2))
        attention = CausalAttention(self.heads, self.bias, self.depth, name="attention", **settings)
        attended, past = attention(norm1(x) if self.norm_first else x, past, start)
        x = x + drop(attended)
        x = x if self.norm_first else norm1(x)
        dense = partial(nn.Dense, use_bias=self.bias, **settings)
        y = dense(4 * x.shape[-1], kernel_init=nn.initializers.normal(_DEVIATION), name="expand")(
            norm2(x) if self.norm_first else x
        )
        y = dense(x.shape[-1], kernel_init=_smaller(self.depth), name="contract")(nn.gelu(y))
        x = x + drop(y)
        return x if self.norm_first else norm2(x), past


class CausalAttention(nn.Module):
    """Multi-head self-attention of every token to itself and those before.

    Attributes:
        heads: of attention.
        bias: products add one.
        depth: layers of the network, by whose root the last product starts smaller.
        dtype: type of computation.
        precision: of the products.

    Source: Vaswani et al., "Attention Is All You Need", NeurIPS 2017, section 3.2.
    """

    heads: int
    bias: bool
    depth: int
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(
        self, x: jax.Array, past: tuple[jax.Array, jax.Array] | None, start: int | jax.Array
    ) -> tuple[jax.Array, tuple[jax.Array, jax.Array] | None]:
        """Attends.

        Args:
            x: ``(N, T, width)``.
            past: keys and values ``(N, context, heads, width / heads)``, of which ``start`` were
                read; none for a sequence's beginning.
            start: place of the first token.

        Returns:
            The same shape as ``x``, and the past with these tokens.
        """
        width = x.shape[-1]
        settings = {"use_bias": self.bias, "dtype": self.dtype, "precision": self.precision}
        together = nn.Dense(
            3 * width, kernel_init=nn.initializers.normal(_DEVIATION), name="qkv", **settings
        )(x)
        query, key, value = (
            part.reshape(*x.shape[:2], self.heads, width // self.heads)
            for part in jnp.split(together, 3, axis=-1)
        )
        if past is None:
            y = attend(query, key, value, is_causal=True, precision=self.precision)
        else:
            key, value = past = tuple(
                jax.lax.dynamic_update_slice_in_dim(before, now, start, axis=1)
                for before, now in zip(past, (key, value), strict=True)
            )
            places = start + jnp.arange(x.shape[1])
            seen = jnp.arange(key.shape[1]) <= places[:, None]
            y = attend(query, key, value, mask=seen[None, None], precision=self.precision)
        projection = nn.Dense(
            width, kernel_init=_smaller(self.depth), name="projection", **settings
        )
        return projection(y.reshape(x.shape)), past


def _norm(bias, dtype, name):
    return nn.LayerNorm(epsilon=1e-5, use_bias=bias, dtype=dtype, name=name)


def _smaller(depth):
    """For what is added to the sum of all layers, which would else grow with their number."""
    return nn.initializers.normal(_DEVIATION / (2 * depth) ** 0.5)
