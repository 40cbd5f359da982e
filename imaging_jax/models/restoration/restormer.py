from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import (
    Conv,
    check_at_least,
    check_channels,
    check_heads,
    pad_to_multiple,
    torch_kernel,
)
from imaging_jax.models.restoration._restormer_block import RestormerBlock
from imaging_jax.transforms import depth_to_space, space_to_depth


class Restormer(nn.Module):
    """Restormer: a U-Net of attention between channels and gated layers, added to the image.

    The defaults have 26,126,644 parameters, those of deraining and deblurring; with
    ``mean_free_norm=False``, of denoising, 26,111,668 for colours and 26,109,076 for grey. At the
    finest scale the way up isn't reduced to the width of the way down. Images are mirrored at the
    bottom and the right to multiples of 8, or of what the number of scales asks for.

    Attributes:
        channels: image channels.
        features: width at the finest scale; each other has twice its predecessor's.
        blocks: at each scale, from fine to coarse; all but the coarsest on the way down and up.
        heads: of attention at each scale, divisors of its width.
        refinement: blocks after the way up.
        mean_free_norm: layer norms subtract the mean and have a bias; without, they only divide by
            the standard deviation.
        dtype: type of computation; parameters, logits, softmax and norms are float32.
        precision: of the convolutions and products.
        remat: recompute every block in the backward pass instead of keeping it.

    Raises:
        ValueError: on another number of channels, as many heads as there aren't scales, or heads
            that don't divide a width.

    Source: Zamir, Arora, Khan, Hayat, Khan, Yang, "Restormer: Efficient Transformer for
    High-Resolution Image Restoration", CVPR 2022, section 3.
    """

    channels: int = 3
    features: int = 48
    blocks: tuple[int, ...] = (4, 6, 6, 8)
    heads: tuple[int, ...] = (1, 2, 4, 8)
    refinement: int = 4
    mean_free_norm: bool = True
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None
    remat: bool = False

    takes: ClassVar[tuple[str, ...]] = ("image",)

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Restores ``(..., H, W, channels)`` in [0, 1]; ``train`` changes nothing."""
        check_channels(x, self.channels, "Restormer")
        self._check()
        *leading, height, width, _ = x.shape
        coarsest = len(self.blocks) - 1
        images = pad_to_multiple(x.reshape(-1, *x.shape[-3:]), 2**coarsest, "reflect")
        y = self._conv(self.features, 3, "head")(images)
        skips = []
        for level, count in enumerate(self.blocks[:-1]):
            y = self._blocks(y, level, count, f"down{level + 1}")
            skips.append(y)
            halved = self._conv(y.shape[-1] // 2, 3, f"shrink{level + 1}")(y)
            y = space_to_depth(halved, 2)
        y = self._blocks(y, coarsest, self.blocks[-1], "bottom")
        for level in reversed(range(coarsest)):
            y = depth_to_space(self._conv(2 * y.shape[-1], 3, f"enlarge{level + 1}")(y), 2)
            skip = skips.pop()
            y = jnp.concatenate([y, skip], axis=-1)
            if level:
                y = self._conv(skip.shape[-1], 1, f"reduce{level + 1}")(y)
            y = self._blocks(y, level, self.blocks[level], f"up{level + 1}")
        y = self._blocks(y, 0, self.refinement, "refinement")
        y = images + self._conv(self.channels, 3, "tail")(y).astype(x.dtype)
        return y[:, :height, :width].reshape(*leading, height, width, self.channels)

    def _check(self):
        if len(self.blocks) != len(self.heads) or not self.blocks:
            raise ValueError(
                f"Restormer: blocks and heads must have a value a scale, got {self.blocks} and "
                f"{self.heads}"
            )
        check_at_least(0, "Restormer", blocks=min(self.blocks), refinement=self.refinement)
        for level, heads in enumerate(self.heads):
            check_heads("Restormer", self.features * 2**level, heads)
        if self.features % 2:
            raise ValueError(f"Restormer: features must be even, got {self.features}")

    def _blocks(self, y, level, count, name):
        block = nn.remat(RestormerBlock) if self.remat else RestormerBlock
        for index in range(1, count + 1):
            y = block(
                self.heads[level],
                self.mean_free_norm,
                self.dtype,
                self.precision,
                name=f"{name}_block{index}",
            )(y)
        return y

    def _conv(self, features, size, name):
        return Conv(
            features,
            (size, size),
            use_bias=False,
            kernel_init=torch_kernel,
            dtype=self.dtype,
            precision=self.precision,
            name=name,
        )
