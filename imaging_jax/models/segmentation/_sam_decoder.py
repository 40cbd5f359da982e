from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import FeedForward, TransposedConv, attend

MASKS = 3
"""Of an ambiguous prompt; one more stands for prompts that say enough."""

_LINEAR = nn.initializers.xavier_uniform()


class SAMDecoder(nn.Module):
    """The mask decoder of `SAM`: entries of prompts and masks, and an image, look at each other.

    Attributes:
        features: channels of entries and maps.
        depth: two-way blocks.
        heads: of attention, a divisor of half the features.
        hidden: width of the layer between two that see each entry by itself.
        dtype: type of computation; parameters, logits, softmax, norms' statistics and what is
            returned are float32.
        precision: of the products.
    """

    features: int
    depth: int
    heads: int
    hidden: int
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(
        self, image: jax.Array, code: jax.Array, prompts: jax.Array, counted: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        """Decodes prompts, each of an image.

        Args:
            image: ``(B, h, w, features)``, the embedding and the prompt's mask added.
            code: ``(h, w, features)``, of its cells' places.
            prompts: ``(B, T, features)``.
            counted: ``(B, T)``, which of them are looked at.

        Returns:
            The logits of four masks, ``(B, 4, 4 h, 4 w)``, and their predicted intersection over
            union, ``(B, 4)``; the first is that of a prompt that says enough.
        """
        batch, height, width, features = image.shape
        own = self.param("entries", nn.initializers.normal(1.0), (2 + MASKS, features))
        entries = jnp.broadcast_to(own, (batch, *own.shape))
        entries = jnp.concatenate([entries, prompts], axis=1).astype(self.dtype)
        counted = jnp.concatenate([jnp.ones((batch, len(own)), bool), counted], axis=1)
        pixels = image.astype(self.dtype).reshape(batch, height * width, features)
        code = code.astype(self.dtype).reshape(height * width, features)
        entries, pixels = self._transformed(entries, pixels, code, counted)
        shaped = pixels.reshape(batch, height, width, features)
        return self._masks(entries[:, 1 : 2 + MASKS], shaped), self._mlp(
            1 + MASKS, "iou", entries[:, 0].astype(jnp.float32), jnp.float32
        )

    def _transformed(self, entries, pixels, code, counted):
        settings = {"dtype": self.dtype, "precision": self.precision}
        places = entries
        for index in range(self.depth):
            block = TwoWayBlock(
                self.heads, self.hidden, not index, name=f"block{index}", **settings
            )
            entries, pixels = block(entries, pixels, places, code, counted)
        attention = CrossAttention(self.heads, self.features // 2, name="attention", **settings)
        entries = entries + attention(entries + places, pixels + code, pixels)
        return nn.LayerNorm(epsilon=1e-5, dtype=self.dtype, name="norm")(entries), pixels

    def _masks(self, entries, image):
        """Each mask is a product of the enlarged image with weights made of the mask's entry."""
        enlarge = partial(
            TransposedConv,
            kernel_size=2,
            crop=(0, 0),
            use_bias=True,
            dtype=self.dtype,
            precision=self.precision,
        )
        gelu = partial(nn.gelu, approximate=False)
        y = enlarge(self.features // 4, name="enlarge1")(image)
        y = gelu(nn.LayerNorm(epsilon=1e-6, dtype=self.dtype, name="enlarge1_norm")(y))
        y = gelu(enlarge(self.features // 8, name="enlarge2")(y))
        weights = [
            self._mlp(self.features // 8, f"mask{index}", entries[:, index], self.dtype)
            for index in range(1 + MASKS)
        ]
        logits = jnp.einsum(
            "bkc,bhwc->bkhw", jnp.stack(weights, axis=1), y, precision=self.precision
        )
        return logits.astype(jnp.float32)

    def _mlp(self, outputs, name, x, dtype):
        dense = partial(nn.Dense, dtype=dtype, precision=self.precision)
        for index in (1, 2):
            x = nn.relu(dense(self.features, name=f"{name}_dense{index}")(x))
        return dense(outputs, name=f"{name}_dense3")(x)


class TwoWayBlock(nn.Module):
    """Entries look at each other and at the image, then the image looks at them.

    Attributes:
        heads: of attention.
        hidden: width of the layer between two that see each entry by itself.
        first: entries are their own places still: attention among them has no places beside, and
            replaces them.
        dtype: type of computation; parameters, logits, softmax and norms' statistics are float32.
        precision: of the products.

    Source: Kirillov et al., "Segment Anything", ICCV 2023, figure 14.
    """

    heads: int
    hidden: int
    first: bool
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(
        self,
        entries: jax.Array,
        pixels: jax.Array,
        places: jax.Array,
        code: jax.Array,
        counted: jax.Array,
    ) -> tuple[jax.Array, jax.Array]:
        """Maps entries ``(B, T, d)`` and pixels ``(B, S, d)`` to the same shapes.

        Args:
            entries: of masks and prompts.
            pixels: of the image.
            places: added to entries where they are compared.
            code: ``(S, d)``, likewise to pixels.
            counted: ``(B, T)``, entries that are looked at.
        """
        settings = {"dtype": self.dtype, "precision": self.precision}
        width = entries.shape[-1]
        norm = partial(nn.LayerNorm, epsilon=1e-5, dtype=self.dtype)
        attention = CrossAttention(self.heads, width, name="entries", **settings)
        if self.first:
            entries = attention(entries, entries, entries, counted)
        else:
            placed = entries + places
            entries = entries + attention(placed, placed, entries, counted)
        entries = norm(name="norm1")(entries)
        half = partial(CrossAttention, self.heads, width // 2, **settings)
        seen = half(name="entries_to_image")(entries + places, pixels + code, pixels)
        entries = norm(name="norm2")(entries + seen)
        mlp = FeedForward(self.hidden, nn.relu, _LINEAR, name="mlp", **settings)
        entries = norm(name="norm3")(entries + mlp(entries))
        seen = half(name="image_to_entries")(pixels + code, entries + places, entries, counted)
        return entries, norm(name="norm4")(pixels + seen)


class CrossAttention(nn.Module):
    """Multi-head attention of one sequence to another, at a width of its own.

    Attributes:
        heads: a divisor of the width.
        width: of queries, keys and values.
        dtype: type of computation; parameters, logits and softmax are float32.
        precision: of the products.
    """

    heads: int
    width: int
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(
        self, query: jax.Array, key: jax.Array, value: jax.Array, counted: jax.Array | None = None
    ) -> jax.Array:
        """Maps queries ``(B, T, d)`` to the same shape.

        Args:
            query: what looks.
            key: ``(B, S, d)``, what it is compared with.
            value: ``(B, S, d)``, what it sees.
            counted: ``(B, S)``, which of them it looks at; None for all.
        """
        dense = partial(nn.Dense, kernel_init=_LINEAR, dtype=self.dtype, precision=self.precision)
        heads = [
            dense(self.width, name=name)(x).reshape(*x.shape[:-1], self.heads, -1)
            for name, x in (("query", query), ("key", key), ("value", value))
        ]
        mask = None if counted is None else counted[:, None, None, :]
        mixed = attend(*heads, mask=mask, precision=self.precision)
        mixed = mixed.reshape(*query.shape[:-1], self.width)
        return dense(query.shape[-1], name="projection")(mixed)
