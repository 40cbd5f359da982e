from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.captioning.roles import Captioned, Captioner
from imaging_jax.models.layers import LSTM


class ShowAndTell(Captioner):
    """Show and Tell: a recurrent cell whose first input is the image, and then its words.

    The image is the mean of its grid of features. 5,859,413 parameters with 2,645 tokens and
    without an encoder, cells of one bias.

    Attributes:
        embedding: numbers a token, and the image, is carried by.
        hidden: width of the cell.
        vocabulary_size, length, image_shape, encoder, dropout, dtype, precision: as of `Captioner`.

    Source: Vinyals, Toshev, Bengio, Erhan, "Show and Tell: A Neural Image Caption Generator", CVPR
    2015, section 3.
    """

    embedding: int = 512
    hidden: int = 512

    attends: ClassVar[bool] = False

    def setup(self) -> None:
        """Makes the layers."""
        self.grid = self._encoder()
        self.image = nn.Dense(self.embedding, **self._settings)
        self.words = nn.Embed(self.vocabulary_size, self.embedding)
        self.cell = LSTM(self.hidden, **self._settings)
        self.dropped = nn.Dropout(self.dropout)
        self.logits = nn.Dense(self.vocabulary_size, precision=self.precision)

    def __call__(self, x: jax.Array, tokens: jax.Array, train: bool = False) -> Captioned:
        """As of `Captioner`; there is no attention."""
        _, carry = self.begin(x, train)
        read = nn.scan(
            lambda cell, carry, word: cell(carry, word),
            variable_broadcast="params",
            split_rngs={"params": False},
            in_axes=1,
            out_axes=1,
        )
        _, hidden = read(self.cell, carry, self.words(tokens))
        return Captioned(self.logits(self.dropped(hidden, deterministic=not train)), None)

    def begin(self, x: jax.Array, train: bool = False) -> tuple[Any, Any]:
        """As of `Captioner`."""
        self._check(x)
        grid = self.grid(x, train) if self.grid else x
        image = self.image(jnp.mean(grid, axis=(1, 2)))
        zeros = jnp.zeros((len(x), self.hidden), jnp.float32)
        carry, _ = self.cell((zeros, zeros), image)
        return (), carry

    def step(self, kept: Any, carry: Any, tokens: jax.Array) -> tuple[Any, Captioned]:
        """As of `Captioner`."""
        del kept
        carry, hidden = self.cell(carry, self.words(tokens))
        return carry, Captioned(self.logits(hidden), None)
