from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import check_at_least, check_heads, check_images
from imaging_jax.models.segmentation._sam_decoder import MASKS, SAMDecoder
from imaging_jax.models.segmentation._sam_encoder import SAMEncoder
from imaging_jax.models.segmentation._sam_prompts import SAMPrompts

_MEAN = (0.485, 0.456, 0.406)
_DEVIATION = (0.229, 0.224, 0.225)
# Sides of a cell of the embedding, in pixels of a mask.
_ENLARGEMENT = 4


class SAM(nn.Module):
    """Segment Anything: masks of what points, a box or an earlier mask mean in an image.

    An image is encoded once, by `encode`, and asked as often as is wanted, by `decode`. The
    defaults are SAM of ViT-B (93,735,472 parameters: encoder 89,670,912, prompts 6,220, decoder
    4,058,340). ``width, depth, heads, global_layers`` of the others: L 1024, 24, 16,
    (5, 11, 17, 23) (encoder 308,278,272); H 1280, 32, 16, (7, 15, 23, 31) (641,090,608 in all).

    Attributes:
        image_shape: height, width and channels.
        patch_size: side of a patch, in pixels; divides the image's sides.
        width: of the encoder.
        depth: of the encoder, in blocks.
        heads: of the encoder's attention, a divisor of its width.
        mlp_ratio: hidden width of the encoder's layers after attention, in widths.
        window: side of the windows that attention is kept to, in patches.
        global_layers: blocks, from 0, that attend to the whole image.
        features: channels of the embedding and of the decoder, a multiple of 8.
        decoder_depth: two-way blocks of the decoder.
        decoder_heads: of its attention, a divisor of half the features.
        decoder_hidden: hidden width of its layers after attention.
        dtype: type of computation; parameters, logits, softmax, norms' statistics, masks and
            predicted qualities are float32.
        precision: of convolutions and products.

    Raises:
        ValueError: on images of another shape, patches that don't divide them, heads that don't
            divide a width, features that aren't a multiple of 8, a block that isn't there, or
            prompts that aren't of the images.

    Source: Kirillov et al., "Segment Anything", ICCV 2023, section 3 and appendix A.
    """

    image_shape: tuple[int, int, int] = (1024, 1024, 3)
    patch_size: int = 16
    width: int = 768
    depth: int = 12
    heads: int = 12
    mlp_ratio: int = 4
    window: int = 14
    global_layers: tuple[int, ...] = (2, 5, 8, 11)
    features: int = 256
    decoder_depth: int = 2
    decoder_heads: int = 8
    decoder_hidden: int = 2048
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    takes: ClassVar[tuple[str, ...]] = ("image", "points", "labels", "mask")

    @property
    def embedding_shape(self) -> tuple[int, int, int]:
        """Rows, columns and channels of an image's embedding."""
        height, width, _ = self.image_shape
        return height // self.patch_size, width // self.patch_size, self.features

    @property
    def mask_shape(self) -> tuple[int, int]:
        """Height and width of the masks."""
        return tuple(_ENLARGEMENT * side for side in self.embedding_shape[:2])

    def setup(self):
        """Makes the three parts."""
        self._check()
        settings = {"dtype": self.dtype, "precision": self.precision}
        self.encoder = SAMEncoder(
            self.patch_size,
            self.width,
            self.depth,
            self.heads,
            self.mlp_ratio,
            self.window,
            self.global_layers,
            self.features,
            **settings,
        )
        self.prompts = SAMPrompts(self.features, self.image_shape, **settings)
        self.decoder = SAMDecoder(
            self.features, self.decoder_depth, self.decoder_heads, self.decoder_hidden, **settings
        )

    def __call__(
        self,
        x: jax.Array,
        points: jax.Array,
        labels: jax.Array,
        mask: jax.Array | None = None,
        train: bool = False,
    ) -> tuple[jax.Array, jax.Array]:
        """Encodes images ``(N, *image_shape)`` in [0, 1] and decodes prompts; see `decode`.

        ``train`` changes nothing.
        """
        if mask is None and self.is_initializing():
            # So that the layers that read a mask are there.
            mask = jnp.zeros((*points.shape[:-2], *self.mask_shape))
        return self.decode(self.encode(x), points, labels, mask)

    def encode(self, x: jax.Array) -> jax.Array:
        """The embedding ``(N, *embedding_shape)`` of images ``(N, *image_shape)`` in [0, 1]."""
        check_images(x, self.image_shape, "SAM")
        mean, deviation = (
            jnp.asarray(values if x.shape[-1] == 3 else sum(values) / 3, x.dtype)
            for values in (_MEAN, _DEVIATION)
        )
        return self.encoder((x - mean) / deviation)

    def decode(
        self,
        embedding: jax.Array,
        points: jax.Array,
        labels: jax.Array,
        mask: jax.Array | None = None,
        multimask: bool = True,
    ) -> tuple[jax.Array, jax.Array]:
        """Decodes prompts, of which each image may have several.

        Args:
            embedding: ``(N, *embedding_shape)``.
            points: ``(N, …, P, 2)``, x and y in pixels, whose centres are the whole numbers.
            labels: ``(N, …, P)`` integers: 1 for a point of what is meant, 0 for one outside, 2
                and 3 for the upper left and lower right corner of a box, -1 for padding, which
                changes nothing.
            mask: ``(N, …, *mask_shape)``, logits of an earlier mask; None for none.
            multimask: three masks of an ambiguous prompt, else one.

        Returns:
            The masks' logits ``(N, …, 3 or 1, *mask_shape)``, and each one's predicted
            intersection over union with what is meant, ``(N, …, 3 or 1)``.
        """
        self._check_prompts(embedding, points, labels, mask)
        leading = points.shape[:-2]
        others = (1,) * (len(leading) - 1)
        shape = self.embedding_shape
        image = embedding.reshape(leading[:1] + others + shape)
        if mask is not None:
            mask = mask.reshape(-1, *self.mask_shape)
        dense = self.prompts.mask(mask)
        image = jnp.broadcast_to(image, leading + shape).reshape(-1, *shape) + dense
        entries, counted = self.prompts.points(
            points.reshape(-1, *points.shape[-2:]), labels.reshape(-1, labels.shape[-1])
        )
        logits, quality = self.decoder(image, self.prompts.grid(*shape[:2]), entries, counted)
        kept = slice(1, 1 + MASKS) if multimask else slice(1)
        logits, quality = logits[:, kept], quality[:, kept]
        return (
            logits.reshape(*leading, *logits.shape[1:]),
            quality.reshape(*leading, *quality.shape[1:]),
        )

    def _check(self):
        check_at_least(
            1,
            "SAM",
            patch_size=self.patch_size,
            depth=self.depth,
            window=self.window,
            decoder_depth=self.decoder_depth,
        )
        check_heads("SAM", self.width, self.heads)
        if any(side % self.patch_size for side in self.image_shape[:2]):
            raise ValueError(
                f"SAM: patch_size must divide the image's sides, got {self.patch_size} and "
                f"image_shape {self.image_shape}"
            )
        if self.features < 8 or self.features % 8:
            raise ValueError(f"SAM: features must be a multiple of 8, got {self.features}")
        check_heads("SAM: decoder_heads", self.features // 2, self.decoder_heads)
        if any(not 0 <= index < self.depth for index in self.global_layers):
            raise ValueError(
                f"SAM: global_layers must be blocks from 0 to {self.depth - 1}, got "
                f"{self.global_layers}"
            )

    def _check_prompts(self, embedding, points, labels, mask):
        if embedding.shape[1:] != self.embedding_shape or embedding.ndim != 4:
            raise ValueError(
                f"SAM: embedding must have shape (N, *{self.embedding_shape}), got "
                f"{embedding.shape}"
            )
        if points.ndim < 3 or points.shape[-1] != 2 or len(points) != len(embedding):
            raise ValueError(
                f"SAM: points must have shape ({len(embedding)}, ..., P, 2), got {points.shape}"
            )
        if labels.shape != points.shape[:-1] or not jnp.issubdtype(labels.dtype, jnp.integer):
            raise ValueError(
                f"SAM: labels must be integers of shape {points.shape[:-1]}, got {labels.dtype} "
                f"of shape {labels.shape}"
            )
        wanted = (*points.shape[:-2], *self.mask_shape)
        if mask is not None and mask.shape != wanted:
            raise ValueError(f"SAM: mask must have shape {wanted}, got {mask.shape}")


def padding_colour(channels: int) -> tuple[float, ...]:
    """What fills images up to the size that `SAM` takes: its mean, which becomes zeros."""
    return _MEAN if channels == 3 else (sum(_MEAN) / 3,) * channels


def resize_masks(logits: jax.Array, shape: tuple[int, int]) -> jax.Array:
    """Masks' logits ``(..., h, w)`` of `SAM` at another height and width, bilinearly."""
    shape = (*logits.shape[:-2], *shape)
    if shape == logits.shape:
        return logits
    return jax.image.resize(logits, shape, "linear", antialias=False)
