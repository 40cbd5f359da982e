from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import Conv

BACKGROUND, FOREGROUND, FIRST_CORNER, SECOND_CORNER, PADDING = 0, 1, 2, 3, -1
"""What a point of a prompt is."""

_TYPES = 4
_MASK_CHANNELS = 16


class SAMPrompts(nn.Module):
    """The prompt encoder of `SAM`: points as entries of a sequence, a mask as a map.

    A point is a random Fourier code of its place, whose frequencies lie in the collection
    "constants", and an embedding of what it is.

    Attributes:
        features: channels of entries and map.
        image_shape: height, width and channels.
        dtype: type of computation of the map; parameters and the code are float32.
        precision: of the convolutions.

    Source: Kirillov et al., "Segment Anything", ICCV 2023, appendix A; the code after Tancik et
    al., "Fourier Features Let Networks Learn High Frequency Functions in Low Dimensional Domains",
    NeurIPS 2020.
    """

    features: int
    image_shape: tuple[int, int, int]
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    def setup(self):
        """Makes the embeddings, and the layers that read a mask."""
        normal = nn.initializers.normal(1.0)
        self.frequencies = self.variable(
            "constants",
            "frequencies",
            lambda: normal(self.make_rng("params"), (2, self.features // 2)),
        )
        self.types = self.param("types", normal, (_TYPES, self.features))
        self.no_point = self.param("no_point", normal, (self.features,))
        self.no_mask = self.param("no_mask", normal, (self.features,))
        settings = {"dtype": self.dtype, "precision": self.precision}
        halving = partial(Conv, kernel_size=(2, 2), strides=(2, 2), padding="VALID", **settings)
        norm = partial(nn.LayerNorm, epsilon=1e-6, dtype=self.dtype)
        self.mask_conv1, self.mask_norm1 = halving(_MASK_CHANNELS // 4), norm()
        self.mask_conv2, self.mask_norm2 = halving(_MASK_CHANNELS), norm()
        self.mask_conv3 = Conv(self.features, (1, 1), **settings)

    def points(self, places: jax.Array, labels: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Makes entries of points; behind them stands one for "no more points".

        Args:
            places: ``(B, P, 2)``, x and y in pixels, whose centres are the whole numbers.
            labels: ``(B, P)``, what they are.

        Returns:
            The entries ``(B, P + 1, features)``, and which of them count, ``(B, P + 1)``: padding
            doesn't, nor does the last beside a box.
        """
        height, width, _ = self.image_shape
        place = (places.astype(jnp.float32) + 0.5) / jnp.array([width, height], jnp.float32)
        entries = self._code(place) + self.types[jnp.maximum(labels, 0)]
        last = jnp.broadcast_to(self.no_point, (len(entries), 1, self.features))
        in_a_box = jnp.any(labels >= FIRST_CORNER, axis=-1, keepdims=True)
        counted = jnp.concatenate([labels != PADDING, ~in_a_box], axis=-1)
        return jnp.concatenate([entries, last], axis=1), counted

    def mask(self, logits: jax.Array | None) -> jax.Array:
        """Maps logits ``(B, 4 h, 4 w)`` of an earlier mask to ``(B, h, w, features)``.

        None to ``(features,)``.
        """
        if logits is None:
            return self.no_mask
        y = logits[..., None].astype(self.dtype)
        y = nn.gelu(self.mask_norm1(self.mask_conv1(y)), approximate=False)
        y = nn.gelu(self.mask_norm2(self.mask_conv2(y)), approximate=False)
        return self.mask_conv3(y)

    def grid(self, height: int, width: int) -> jax.Array:
        """The code ``(height, width, features)`` of the centres of an image's cells."""
        y, x = jnp.meshgrid(
            (jnp.arange(height) + 0.5) / height, (jnp.arange(width) + 0.5) / width, indexing="ij"
        )
        return self._code(jnp.stack([x, y], axis=-1))

    def _code(self, place):
        """Of places ``(..., 2)``, x and y from 0 to 1."""
        angles = (
            2
            * jnp.pi
            * jnp.matmul(2 * place - 1, self.frequencies.value, precision=jax.lax.Precision.HIGHEST)
        )
        return jnp.concatenate([jnp.sin(angles), jnp.cos(angles)], axis=-1)
