from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers._attention import MultiHeadSelfAttention
from imaging_jax.models.layers._feed_forward import FeedForward
from imaging_jax.models.layers._windows import (
    merge_windows,
    partition_windows,
    relative_position_index,
    shifted_window_mask,
)


class SwinBlock(nn.Module):
    """Attention within windows of the image, perhaps shifted, then two layers a pixel.

    Attributes:
        heads: of attention, a divisor of the width.
        window: side of a window, in pixels.
        shift: of the windows along both axes, in pixels; 0 leaves them at the image's corner.
        mlp_ratio: hidden width of the two layers, in widths.
        drop_path: share of the images that each branch is left out of in training.
        dtype: type of computation; parameters, logits, softmax and norms' statistics are float32.
        precision: of the products.

    Source: Liu et al., "Swin Transformer: Hierarchical Vision Transformer using Shifted Windows",
    ICCV 2021, section 3.2.
    """

    heads: int
    window: int
    shift: int
    mlp_ratio: int
    drop_path: float = 0.0
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Maps ``(N, H, W, C)``, sides multiples of the window, to the same shape.

        With `drop_path`, training takes the random stream "dropout".
        """
        settings = {"dtype": self.dtype, "precision": self.precision}
        norm = partial(nn.LayerNorm, epsilon=1e-5, dtype=self.dtype)
        attended = self._attended(norm(name="norm1")(x), settings)
        x = x + drop_path(attended, self.drop_path, train)
        mlp = FeedForward(
            self.mlp_ratio * x.shape[-1],
            partial(nn.gelu, approximate=False),
            name="mlp",
            **settings,
        )
        return x + drop_path(mlp(norm(name="norm2")(x)), self.drop_path, train)

    def _attended(self, x, settings):
        _, height, width, _ = x.shape
        table = self.param(
            "relative_position_bias",
            nn.initializers.truncated_normal(0.02),
            ((2 * self.window - 1) ** 2, self.heads),
        )
        bias = jnp.moveaxis(table[relative_position_index(self.window)], -1, 0)[None]
        mask = None
        if self.shift:
            x = jnp.roll(x, (-self.shift, -self.shift), axis=(1, 2))
            mask = shifted_window_mask(height, width, self.window, self.shift)[:, None]
        attention = MultiHeadSelfAttention(self.heads, name="attention", **settings)
        y = attention(partition_windows(x, self.window), bias, mask)
        y = merge_windows(y, height, width)
        return jnp.roll(y, (self.shift, self.shift), axis=(1, 2)) if self.shift else y


def drop_path(x: jax.Array, rate: float, train: bool) -> jax.Array:
    """Leaves a residual branch ``(N, ...)`` out of some images in training, by "dropout".

    Args:
        x: the branch; where it stays, it counts the more for it.
        rate: share of the images.
        train: without, it is left as it is.

    Source: Huang, Sun, Liu, Sedra, Weinberger, "Deep Networks with Stochastic Depth", ECCV 2016.
    """
    others = tuple(range(1, x.ndim))
    return nn.Dropout(rate, broadcast_dims=others, deterministic=not train)(x)
