from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.captioning.roles import Captioned, Captioner
from imaging_jax.models.layers import FeedForward, check_at_least, check_heads

Pair = tuple[jax.Array, jax.Array]

_TABLE = nn.initializers.normal(0.02)
_KERNEL = nn.initializers.xavier_uniform()


class TransformerCaptioner(Captioner):
    """A transformer's decoder whose words look at those before, and at the grid of the image.

    Norms stand before the layers, and one behind the last. 16,399,957 parameters with 2,645 tokens
    and without an encoder. The attention that it gives is that of the last layer, the mean of its
    heads.

    Attributes:
        width: numbers a token, and a cell of the grid, is carried by.
        depth: layers.
        heads: of attention, a divisor of the width.
        hidden: width inside the perceptrons.
        vocabulary_size, length, image_shape, encoder, dtype, precision: as of `Captioner`.
        dropout: share dropped of embeddings and of what layers add.

    Raises:
        ValueError: as `Captioner`; heads that don't divide the width, or more tokens than `length`.

    Source: Vaswani et al., "Attention Is All You Need", NIPS 2017, section 3.1.
    """

    width: int = 512
    depth: int = 3
    heads: int = 8
    hidden: int = 2048

    def setup(self) -> None:
        """Makes the layers."""
        check_heads("TransformerCaptioner", self.width, self.heads)
        check_at_least(1, "TransformerCaptioner", depth=self.depth)
        self.grid = self._encoder()
        self.cells = nn.Dense(self.width, **self._settings)
        self.words = nn.Embed(self.vocabulary_size, self.width, embedding_init=_TABLE)
        self.places = nn.Embed(self.length, self.width, embedding_init=_TABLE)
        self.dropped = nn.Dropout(self.dropout)
        self.layers = [
            DecoderLayer(self.width, self.heads, self.hidden, self.dropout, **self._settings)
            for _ in range(self.depth)
        ]
        self.norm = nn.LayerNorm(dtype=self.dtype)
        self.logits = nn.Dense(self.vocabulary_size, precision=self.precision)

    def __call__(self, x: jax.Array, tokens: jax.Array, train: bool = False) -> Captioned:
        """As of `Captioner`."""
        count, tall = tokens.shape
        if tall > self.length:
            raise ValueError(
                f"TransformerCaptioner: got {tall} tokens, its length is {self.length}"
            )
        y = self.words(tokens) + self.places(jnp.arange(tall))
        y = self.dropped(y, deterministic=not train).astype(self.dtype)
        before = jnp.tril(jnp.ones((tall, tall), bool))
        for layer, seen in zip(self.layers, self._seen(x, train), strict=True):
            y, attention = layer(y, layer.heard(y), seen, before, train)
        attention = attention.reshape(count, tall, *self.grid_shape)
        return Captioned(self.logits(self.norm(y)), attention)

    def begin(self, x: jax.Array, train: bool = False) -> tuple[Any, Any]:
        """As of `Captioner`."""
        shape = (len(x), self.length, self.heads, self.width // self.heads)
        heard = tuple((jnp.zeros(shape, self.dtype),) * 2 for _ in self.layers)
        return self._seen(x, train), (heard, jnp.zeros((len(x),), jnp.int32))

    def step(self, kept: Any, carry: Any, tokens: jax.Array) -> tuple[Any, Captioned]:
        """As of `Captioner`."""
        heard, place = carry
        y = (self.words(tokens) + self.places(place))[:, None].astype(self.dtype)
        before = (jnp.arange(self.length) <= place[:, None])[:, None, None]
        rows, grown = jnp.arange(len(tokens)), []
        for layer, seen, known in zip(self.layers, kept, heard, strict=True):
            new = layer.heard(y)
            grown.append(
                tuple(
                    table.at[rows, place].set(own[:, 0])
                    for table, own in zip(known, new, strict=True)
                )
            )
            y, attention = layer(y, grown[-1], seen, before, False)
        attention = attention.reshape(len(tokens), *self.grid_shape)
        return (tuple(grown), place + 1), Captioned(self.logits(self.norm(y))[:, 0], attention)

    def _seen(self, x, train):
        """Keys and values of the grid, of each layer."""
        self._check(x)
        grid = self.grid(x, train) if self.grid else x
        cells = self.cells(grid.reshape(len(grid), -1, grid.shape[-1]))
        return tuple(layer.seen(cells) for layer in self.layers)


class DecoderLayer(nn.Module):
    """Attention to the words before, attention to the grid, and a perceptron.

    Attributes:
        width: of what it maps.
        heads: of attention.
        hidden: width inside the perceptron.
        dropout: share dropped of what is added.
        dtype: type of computation; logits, softmax and norms' statistics are float32.
        precision: of the products.
    """

    width: int
    heads: int
    hidden: int
    dropout: float = 0.0
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    def setup(self) -> None:
        """Makes the layers."""
        settings = {"dtype": self.dtype, "precision": self.precision}
        dense = partial(nn.Dense, self.width, kernel_init=_KERNEL, **settings)
        norm = partial(nn.LayerNorm, dtype=self.dtype)
        self.norm1, self.norm2, self.norm3 = norm(), norm(), norm()
        self.own_query, self.own_key, self.own_value, self.own_out = (dense() for _ in range(4))
        self.query, self.key, self.value, self.out = (dense() for _ in range(4))
        self.mlp = FeedForward(self.hidden, nn.relu, _KERNEL, **settings)
        self.dropped = nn.Dropout(self.dropout)

    def __call__(
        self, y: jax.Array, heard: Pair, seen: Pair, before: jax.Array, train: bool
    ) -> tuple[jax.Array, jax.Array]:
        """Adds to ``y (N, T, width)`` what it attends to.

        Args:
            y: the words.
            heard: keys and values of the words, by `heard`.
            seen: keys and values of the grid, by `seen`.
            before: which words each attends to, boolean; broadcasts to ``(N, heads, T, T')``.
            train: drop shares.

        Returns:
            The words, and their attention to the grid ``(N, T, S)``, the mean of the heads.
        """
        added = partial(self.dropped, deterministic=not train)
        mixed, _ = self._attend(self.own_query(self.norm1(y)), heard, before)
        y = y + added(self.own_out(mixed))
        mixed, attention = self._attend(self.query(self.norm2(y)), seen, None)
        y = y + added(self.out(mixed))
        return y + added(self.mlp(self.norm3(y))), jnp.mean(attention, axis=1)

    def heard(self, y: jax.Array) -> Pair:
        """Keys and values of words ``(N, T, width)``."""
        y = self.norm1(y)
        return self._by_heads(self.own_key(y)), self._by_heads(self.own_value(y))

    def seen(self, cells: jax.Array) -> Pair:
        """Keys and values of the grid's cells ``(N, S, width)``."""
        return self._by_heads(self.key(cells)), self._by_heads(self.value(cells))

    def _by_heads(self, x):
        return x.reshape(*x.shape[:-1], self.heads, -1)

    def _attend(self, query, pair, mask):
        # The weights are wanted, which `attend` doesn't give.
        query, (key, value) = self._by_heads(query), pair
        scale = query.shape[-1] ** -0.5
        product = partial(jnp.einsum, precision=self.precision)
        logits = product("nthd,nshd->nhts", query, key).astype(jnp.float32) * scale
        if mask is not None:
            logits = jnp.where(mask, logits, -jnp.inf)
        weights = jax.nn.softmax(logits, axis=-1)
        mixed = product("nhts,nshd->nthd", weights.astype(self.dtype), value)
        return mixed.reshape(*mixed.shape[:2], -1), weights
