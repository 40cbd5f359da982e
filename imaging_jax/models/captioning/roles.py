"""What captioners have in common, by which tasks and searches know them."""

from abc import abstractmethod
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.captioning._encoder import StridedEncoder
from imaging_jax.models.layers import check_at_least, check_dropout, check_images

# The first tokens of every vocabulary.
SPECIALS = ("<pad>", "<start>", "<end>", "<unk>")
PAD, START, END, UNKNOWN = range(len(SPECIALS))


class Captioned(NamedTuple):
    """What a captioner says of tokens.

    Attributes:
        logits: ``(N, T, vocabulary_size)`` float32 of the token behind each.
        attention: ``(N, T, h, w)`` float32, where on the grid it was looked for that token, the
            sum over the grid 1; None of captioners that see the grid's mean alone.
    """

    logits: jax.Array
    attention: jax.Array | None


class Captioner(nn.Module):
    """Describes images word by word: images and tokens to logits of the tokens behind.

    A caption is drawn one step after the other: ``begin`` reads images, ``step`` a token.

    Attributes:
        vocabulary_size: tokens that there are, `SPECIALS` first.
        length: of a caption, in tokens, its start and end included.
        image_shape: height, width and channels of what is described.
        encoder: channels of the convolutions of stride 2 that make a grid of features of an image,
            see `StridedEncoder`; with none, what is described is a grid of features itself.
        dropout: share of the features dropped before the last layer.
        dtype: type of computation; parameters, logits, attention and cells' memory are float32.
        precision: of the products.

    Raises:
        ValueError: on images of another shape, or a vocabulary or length without room for a word.
    """

    vocabulary_size: int
    length: int = 52
    image_shape: tuple[int, int, int] = (14, 14, 2048)
    encoder: tuple[int, ...] = ()
    dropout: float = 0.5
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    takes: ClassVar[tuple[str, ...]] = ("image", "tokens")
    attends: ClassVar[bool] = True

    @abstractmethod
    def __call__(self, x: jax.Array, tokens: jax.Array, train: bool = False) -> Captioned:
        """Predicts the token behind each of ``tokens (N, T)``, the first of which is START."""

    @abstractmethod
    def begin(self, x: jax.Array, train: bool = False) -> tuple[Any, Any]:
        """Reads ``x (N, *image_shape)``: what stays, and what every step changes.

        Both are trees of arrays ``(N, ...)``.
        """

    @abstractmethod
    def step(self, kept: Any, carry: Any, tokens: jax.Array) -> tuple[Any, Captioned]:
        """Reads one token of each, ``(N,)``: what changed, logits and attention without T."""

    @property
    def grid_shape(self) -> tuple[int, int]:
        """Rows and columns of the grid of features."""
        rows, columns = (-(-side // 2 ** len(self.encoder)) for side in self.image_shape[:2])
        return rows, columns

    @property
    def _settings(self) -> dict[str, Any]:
        return {"dtype": self.dtype, "precision": self.precision}

    def _encoder(self) -> nn.Module | None:
        if not self.encoder:
            return None
        return StridedEncoder(self.encoder, **self._settings)

    def _check(self, x: jax.Array) -> None:
        model = type(self).__name__
        check_at_least(len(SPECIALS) + 1, model, vocabulary_size=self.vocabulary_size)
        check_at_least(3, model, length=self.length)
        check_dropout(self.dropout, model)
        check_images(x, self.image_shape, model)
