from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from imaging_jax.models.layers import Conv, FeedForward, attend
from imaging_jax.models.layers._windows import merge_windows, partition_windows

_LINEAR = nn.initializers.truncated_normal(0.02)


class SAMEncoder(nn.Module):
    """The image encoder of `SAM`, whose fields these are: a ViT within windows, and a neck."""

    patch_size: int
    width: int
    depth: int
    heads: int
    mlp_ratio: int
    window: int
    global_layers: tuple[int, ...]
    features: int
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Maps images ``(N, H, W, C)`` to ``(N, H / patch_size, W / patch_size, features)``."""
        settings = {"dtype": self.dtype, "precision": self.precision}
        size = (self.patch_size, self.patch_size)
        y = Conv(self.width, size, strides=size, padding="VALID", name="patches", **settings)(x)
        positions = self.param("positions", nn.initializers.normal(0.02), y.shape[1:])
        y = y + positions.astype(self.dtype)
        for index in range(self.depth):
            window = 0 if index in self.global_layers else self.window
            block = SAMBlock(self.heads, self.mlp_ratio, window, name=f"block{index}", **settings)
            y = block(y)
        conv = partial(Conv, self.features, use_bias=False, **settings)
        norm = partial(nn.LayerNorm, epsilon=1e-6, dtype=self.dtype)
        y = norm(name="neck_norm1")(conv((1, 1), name="neck_conv1")(y))
        return norm(name="neck_norm2")(conv((3, 3), name="neck_conv2")(y))


class SAMBlock(nn.Module):
    """A block of the encoder: attention over windows or the whole grid, then two layers a patch.

    Attributes:
        heads: of attention, a divisor of the width.
        mlp_ratio: hidden width of the two layers, in widths.
        window: side of a window, in patches; 0 for the whole grid.
        dtype: type of computation; parameters, logits, softmax and norms' statistics are float32.
        precision: of the products.
    """

    heads: int
    mlp_ratio: int
    window: int
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Maps ``(N, H, W, d)`` to the same shape."""
        settings = {"dtype": self.dtype, "precision": self.precision}
        norm = partial(nn.LayerNorm, epsilon=1e-6, dtype=self.dtype)
        attention = DecomposedAttention(self.heads, name="attention", **settings)
        x = x + _in_windows(attention, norm(name="norm1")(x), self.window)
        mlp = FeedForward(
            self.mlp_ratio * x.shape[-1],
            partial(nn.gelu, approximate=False),
            _LINEAR,
            name="mlp",
            **settings,
        )
        return x + mlp(norm(name="norm2")(x))


class DecomposedAttention(nn.Module):
    """Self-attention on a grid, the logits biased by what queries say of row and column offsets.

    Of the query at (y, x) and the key at (v, u) the bias is ``q · R_{y-v} + q · C_{x-u}``, by two
    tables that the heads share.

    Attributes:
        heads: a divisor of the width.
        dtype: type of computation; parameters, logits and softmax are float32.
        precision: of the products.

    Source: Li et al., "MViTv2: Improved Multiscale Vision Transformers for Classification and
    Detection", CVPR 2022, section 4.1.
    """

    heads: int
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Maps ``(N, H, W, d)`` to the same shape."""
        batch, height, width, features = x.shape
        settings = {"kernel_init": _LINEAR, "dtype": self.dtype, "precision": self.precision}
        qkv = nn.Dense(3 * features, name="qkv", **settings)(x)
        by_heads = qkv.reshape(batch, height * width, 3, self.heads, features // self.heads)
        query, key, value = (by_heads[:, :, index] for index in range(3))
        mixed = attend(
            query, key, value, self._bias(query, height, width), precision=self.precision
        )
        return nn.Dense(features, name="projection", **settings)(mixed.reshape(x.shape))

    def _bias(self, query, height, width):
        """``(N, heads, H W, H W)``."""
        batch, _, heads, length = query.shape
        query = query.reshape(batch, height, width, heads, length)
        rows, columns = (
            self.param(name, nn.initializers.zeros, (2 * side - 1, length))[_offsets(side)]
            for name, side in (("rows", height), ("columns", width))
        )
        product = partial(jnp.einsum, precision=self.precision)
        by_row = product("nyxhd,yvd->nhyxv", query, rows.astype(self.dtype))
        by_column = product("nyxhd,xud->nhyxu", query, columns.astype(self.dtype))
        bias = by_row[..., None] + by_column[..., None, :]
        return bias.reshape(batch, heads, height * width, height * width)


def _offsets(side: int) -> np.ndarray:
    """The table's row of each query (row) and key (column): their offset, from ``1 - side`` on."""
    places = np.arange(side)
    return places[:, None] - places + side - 1


def _in_windows(attention: nn.Module, x: jax.Array, window: int) -> jax.Array:
    """Applies attention to windows; the last are filled with zeros, which are attended to."""
    if not window:
        return attention(x)
    _, height, width, features = x.shape
    rows, columns = (-(-side // window) * window for side in (height, width))
    padded = jnp.pad(x, [(0, 0), (0, rows - height), (0, columns - width), (0, 0)])
    windows = partition_windows(padded, window)
    attended = attention(windows.reshape(-1, window, window, features)).reshape(windows.shape)
    return merge_windows(attended, rows, columns)[:, :height, :width]
