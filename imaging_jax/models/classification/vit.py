from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.classification.roles import Classifier
from imaging_jax.models.layers import (
    Conv,
    FeedForward,
    MultiHeadSelfAttention,
    check_at_least,
    check_heads,
    check_images,
)


class ViT(Classifier):
    """The vision transformer: patches of an image as a sequence, with an entry for the class.

    The defaults are ViT-B/16 (86,567,656 parameters). ``width, depth, heads`` of the others:
    Ti/16 192, 12, 3 (5,717,416); S/16 384, 12, 6 (22,050,664); L/16 1024, 24, 16 (304,326,632);
    H/14 1280, 32, 16 (632,045,800). Norms stand before the layers, and GELU is the tanh form, as
    in the authors' code. The head starts at zero.

    Attributes:
        patch_size: side of a patch, in pixels; divides the image's sides.
        width: of the sequence's entries.
        depth: number of blocks.
        heads: of attention, a divisor of the width.
        mlp_ratio: hidden width of the layers after attention, in widths.
        classes: width of the last layer.
        image_shape: height, width and channels.
        dtype: type of computation; parameters, logits, softmax, norms' statistics and the last
            layer are float32.
        precision: of the convolution and products.

    Raises:
        ValueError: on images of another shape, patches that don't divide them, or heads that don't
            divide the width.

    Source: Dosovitskiy et al., "An Image is Worth 16x16 Words: Transformers for Image Recognition
    at Scale", ICLR 2021, section 3.1 and table 1; Ti and S: Touvron et al., ICML 2021 (DeiT).
    """

    patch_size: int = 16
    width: int = 768
    depth: int = 12
    heads: int = 12
    mlp_ratio: int = 4
    classes: int = 1000
    image_shape: tuple[int, int, int] = (224, 224, 3)
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Returns the logits ``(N, classes)`` of images ``(N, *image_shape)`` in [0, 1].

        ``train`` changes nothing.
        """
        check_images(x, self.image_shape, "ViT")
        check_at_least(1, "ViT", patch_size=self.patch_size, depth=self.depth)
        check_heads("ViT", self.width, self.heads)
        if any(side % self.patch_size for side in self.image_shape[:2]):
            raise ValueError(
                f"ViT: patch_size must divide the image's sides, got {self.patch_size} and "
                f"image_shape {self.image_shape}"
            )
        settings = {"dtype": self.dtype, "precision": self.precision}
        size = (self.patch_size, self.patch_size)
        y = Conv(self.width, size, strides=size, padding="VALID", name="patches", **settings)(x)
        y = y.reshape(len(y), -1, self.width)
        first = self.param("class_entry", nn.initializers.zeros, (self.width,))
        y = jnp.concatenate([jnp.broadcast_to(first, (len(y), 1, self.width)), y], axis=1)
        positions = self.param("positions", nn.initializers.normal(0.02), y.shape[1:])
        y = (y + positions).astype(self.dtype)
        for index in range(1, self.depth + 1):
            y = ViTBlock(self.heads, self.mlp_ratio, name=f"block{index}", **settings)(y)
        y = nn.LayerNorm(epsilon=1e-6, dtype=self.dtype, name="norm")(y[:, 0])
        head = nn.Dense(
            self.classes,
            kernel_init=nn.initializers.zeros,
            dtype=jnp.float32,
            precision=self.precision,
            name="head",
        )
        return head(y)


class ViTBlock(nn.Module):
    """The transformer's encoder block with norms before the layers.

    Attributes:
        heads: of attention, a divisor of the width.
        mlp_ratio: hidden width of the layers after attention, in widths.
        dtype: type of computation; parameters, logits, softmax and norms' statistics are float32.
        precision: of the products.
    """

    heads: int
    mlp_ratio: int
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Maps ``(N, T, d)`` to the same shape."""
        settings = {"dtype": self.dtype, "precision": self.precision}
        norm = partial(nn.LayerNorm, epsilon=1e-6, dtype=self.dtype)
        # Of the matrices of queries, keys and values, each by itself, this is Xavier's variance.
        attention = MultiHeadSelfAttention(
            self.heads, nn.initializers.lecun_normal(), name="attention", **settings
        )
        x = x + attention(norm(name="norm1")(x))
        mlp = FeedForward(
            self.mlp_ratio * x.shape[-1],
            nn.gelu,
            nn.initializers.xavier_uniform(),
            name="mlp",
            **settings,
        )
        return x + mlp(norm(name="norm2")(x))


def resize_positions(
    positions: jax.Array, grid: tuple[int, int], new_grid: tuple[int, int]
) -> jax.Array:
    """Position embeddings for images of another size: a grid interpolated bicubically.

    Args:
        positions: ``(1 + rows columns, d)``, the class's entry first, which is kept.
        grid: rows and columns of patches that they are of.
        new_grid: those that they shall be of.

    Returns:
        ``(1 + new rows new columns, d)``.

    Raises:
        ValueError: on positions of another number.

    Source: Dosovitskiy et al., ICLR 2021, section 3.2.
    """
    rows, columns = grid
    if positions.ndim != 2 or len(positions) != 1 + rows * columns:
        raise ValueError(
            f"resize_positions: positions of a grid {grid} are (1 + {rows * columns}, d), got "
            f"{positions.shape}"
        )
    width = positions.shape[-1]
    image = positions[1:].reshape(rows, columns, width)
    resized = jax.image.resize(image, (*new_grid, width), "cubic", antialias=False)
    return jnp.concatenate([positions[:1], resized.reshape(-1, width)])
