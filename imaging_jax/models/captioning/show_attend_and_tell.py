from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.captioning.roles import Captioned, Captioner
from imaging_jax.models.layers import LSTM


class ShowAttendAndTell(Captioner):
    """Show, Attend and Tell with soft attention: before each word a cell looks at the grid.

    Scores of the cells a of the grid are w · relu(W_a a + W_h h); the mean of the grid by their
    softmax, times a gate σ(W_b h), is an input beside the word. Memory and output begin as
    products of the grid's plain mean. 13,465,686 parameters with 2,645 tokens and without an
    encoder, cells of one bias.

    Attributes:
        embedding: numbers a token is carried by.
        hidden: width of the cell.
        scored: width in which the grid and the cell's output are compared.
        vocabulary_size, length, image_shape, encoder, dropout, dtype, precision: as of `Captioner`.

    Source: Xu et al., "Show, Attend and Tell: Neural Image Caption Generation with Visual
    Attention", ICML 2015, sections 3.1 and 4.2.
    """

    embedding: int = 512
    hidden: int = 512
    scored: int = 512

    def setup(self) -> None:
        """Makes the layers."""
        self.grid = self._encoder()
        self.keys = nn.Dense(self.scored, **self._settings)
        self.memory0 = nn.Dense(self.hidden, **self._settings)
        self.output0 = nn.Dense(self.hidden, **self._settings)
        self.words = nn.Embed(self.vocabulary_size, self.embedding)
        self.cell = AttentiveCell(self.hidden, self.scored, **self._settings)
        self.dropped = nn.Dropout(self.dropout)
        self.logits = nn.Dense(self.vocabulary_size, precision=self.precision)

    def __call__(self, x: jax.Array, tokens: jax.Array, train: bool = False) -> Captioned:
        """As of `Captioner`."""
        kept, carry = self.begin(x, train)
        read = nn.scan(
            lambda cell, carry, kept, word: cell(carry, kept, word),
            variable_broadcast="params",
            split_rngs={"params": False},
            in_axes=(nn.broadcast, 1),
            out_axes=1,
        )
        _, (hidden, attention) = read(self.cell, carry, kept, self.words(tokens))
        logits = self.logits(self.dropped(hidden, deterministic=not train))
        return Captioned(logits, attention)

    def begin(self, x: jax.Array, train: bool = False) -> tuple[Any, Any]:
        """As of `Captioner`."""
        self._check(x)
        grid = self.grid(x, train) if self.grid else x
        mean = jnp.mean(grid, axis=(1, 2))
        memory, output = (f(mean).astype(jnp.float32) for f in (self.memory0, self.output0))
        return (grid, self.keys(grid)), (jnp.tanh(memory), jnp.tanh(output))

    def step(self, kept: Any, carry: Any, tokens: jax.Array) -> tuple[Any, Captioned]:
        """As of `Captioner`."""
        carry, (hidden, attention) = self.cell(carry, kept, self.words(tokens))
        return carry, Captioned(self.logits(hidden), attention)


class AttentiveCell(nn.Module):
    """Looks at the grid by its output so far, and then reads a word and what it saw.

    Attributes:
        hidden: width of the cell.
        scored: as of `ShowAttendAndTell`, like the next.
        dtype: type of the products.
        precision: of the products.
    """

    hidden: int
    scored: int
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, carry: Any, kept: Any, word: jax.Array) -> tuple[Any, Any]:
        """Reads the embedding ``(N, E)`` of a word.

        Args:
            carry: memory and output.
            kept: the grid ``(N, h, w, F)`` and its keys ``(N, h, w, scored)``.
            word: see above.

        Returns:
            Memory and output; the output, and the attention ``(N, h, w)``.
        """
        settings = {"dtype": self.dtype, "precision": self.precision}
        grid, keys = kept
        output = carry[1]
        query = nn.Dense(self.scored, name="query", **settings)(output)
        compared = nn.relu(keys + query[:, None, None])
        scores = nn.Dense(1, name="scores", **settings)(compared).astype(jnp.float32)
        attention = jax.nn.softmax(scores[..., 0], axis=(1, 2))
        seen = jnp.einsum("nhw,nhwf->nf", attention, grid, precision=self.precision)
        gate = nn.sigmoid(nn.Dense(grid.shape[-1], name="gate", **settings)(output))
        inputs = jnp.concatenate([word, (gate * seen).astype(word.dtype)], axis=-1)
        carry, output = LSTM(self.hidden, name="lstm", **settings)(carry, inputs)
        return carry, (output, attention)
