import math
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import (
    Conv,
    TransposedConv,
    batch_norm,
    check_at_least,
    check_choice,
    check_dropout,
    pad_to_multiple,
)
from imaging_jax.models.segmentation.roles import Segmenter

_HE = nn.initializers.variance_scaling(2.0, "fan_in", "normal")
# The same of transposed convolutions: of their four taps, an output pixel sees one.
_TRANSPOSED_HE = nn.initializers.variance_scaling(8.0, "fan_in", "normal")


class UNet(Segmenter):
    """The U-Net: a contracting path, and an expanding one that sees the maps of the same scale.

    Each scale has two 3x3 convolutions; between scales, maximum pooling and 2x2 transposed
    convolutions. Without padding, the paper's way, the logits of 572x572 pixels are those of the
    388x388 in the middle, and 31,030,658 parameters; sides are 188 + 16k. Kernels start as
    N(0, 2 / fan_in).

    Attributes:
        channels: of the image.
        classes: width of the last layer.
        features: channels of the first scale; each other has twice its predecessor's.
        depth: poolings.
        padding: of the convolutions: "valid", or "same" with zeros, then for images of any size,
            which are continued by their last row and column.
        batch_norm: between each 3x3 convolution and its activation.
        dropout: share of the maps' values that is dropped in training at the last two scales of the
            contracting path, by the stream "dropout"; the paper doesn't print it.
        dtype: type of computation; parameters and the last layer are float32.
        precision: of convolutions and products.

    Raises:
        ValueError: on another number of channels, without padding images of other sides, an
            unknown padding, a count below 1, or a dropout outside [0, 1).

    Source: Ronneberger, Fischer, Brox, "U-Net: Convolutional Networks for Biomedical Image
    Segmentation", MICCAI 2015, figure 1 and section 2.
    """

    channels: int = 1
    classes: int = 2
    features: int = 64
    depth: int = 4
    padding: str = "valid"
    batch_norm: bool = False
    dropout: float = 0.5
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @property
    def margin(self) -> int:
        """92 pixels of the paper's."""
        return 6 * 2**self.depth - 4 if self.padding == "valid" else 0

    @property
    def period(self) -> int:
        """Side of the groups of pixels that are pooled together."""
        return 2**self.depth

    def side_for(self, side: int) -> int:
        """As `Segmenter.side_for`; without padding one of the sides that fit."""
        if self.padding == "same":
            return side
        least, step = self._least_side, self.period
        return least + step * max(0, math.ceil((side + 2 * self.margin - least) / step))

    @property
    def _least_side(self) -> int:
        # Four pixels at the coarsest scale become four again after each enlargement.
        return 2 * self.margin + 4

    @nn.compact
    def _segment(self, x, train):
        self._check(x)
        height, width = x.shape[1:3]
        y = x if self.padding == "valid" else pad_to_multiple(x, 2**self.depth, "edge")
        maps = []
        for level in range(self.depth + 1):
            y = nn.max_pool(y, (2, 2), (2, 2)) if level else y
            y = self._convolved(y, level, f"down{level + 1}", train)
            if level >= self.depth - 1:
                y = nn.Dropout(self.dropout, deterministic=not train)(y)
            maps.append(y)
        y = maps.pop()
        for level in reversed(range(self.depth)):
            y = TransposedConv(
                2**level * self.features,
                kernel_size=2,
                crop=(0, 0),
                use_bias=True,
                kernel_init=_TRANSPOSED_HE,
                dtype=self.dtype,
                precision=self.precision,
                name=f"enlarge{level + 1}",
            )(y)
            y = jnp.concatenate([_centre(maps.pop(), y.shape), y], axis=-1)
            y = self._convolved(y, level, f"up{level + 1}", train)
        logits = Conv(self.classes, (1, 1), kernel_init=_HE, precision=self.precision, name="head")(
            y
        )
        return logits[:, : height - 2 * self.margin, : width - 2 * self.margin]

    def _convolved(self, y, level, name, train):
        for index in (1, 2):
            y = Conv(
                2**level * self.features,
                (3, 3),
                padding=self.padding.upper(),
                kernel_init=_HE,
                dtype=self.dtype,
                precision=self.precision,
                name=f"{name}_conv{index}",
            )(y)
            if self.batch_norm:
                y = batch_norm(y, train, f"{name}_norm{index}", dtype=self.dtype)
            y = nn.relu(y)
        return y

    def _check(self, x):
        check_at_least(1, "UNet", features=self.features, depth=self.depth)
        check_choice("UNet", "padding", self.padding, ("valid", "same"))
        check_dropout(self.dropout, "UNet")
        least, step = self._least_side, self.period
        sides = x.shape[1:3]
        if self.padding == "valid" and any(s < least or (s - least) % step for s in sides):
            raise ValueError(
                f"UNet: height and width must be {least} + {step}k without padding, got "
                f"{sides[0]}x{sides[1]}"
            )


def _centre(x, shape):
    top, left = ((old - new) // 2 for old, new in zip(x.shape[1:3], shape[1:3], strict=True))
    return x[:, top : top + shape[1], left : left + shape[2]]
