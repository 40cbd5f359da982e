from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import Conv, check_channels, check_choice

# Of every block: how many convolutions in all, and their channels.
_BLOCKS = ((2, 16), (2, 32), (4, 64), (4, 128))
_LEVELS = range(1, len(_BLOCKS) + 1)
# The network of one layer alone is wider.
_SINGLE = 24


def layers_of(model: str, level: int) -> list[tuple[int, int, int, int]]:
    """Block, place in it, input and output channels of every 3x3 convolution.

    Args:
        model: whose level it is, for the message.
        level: the block whose first convolution is the last.

    Raises:
        ValueError: another level.
    """
    check_choice(model, "level", level, _LEVELS)
    layers, inputs = [], 3
    for block, (convolutions, width) in enumerate(_BLOCKS[:level], start=1):
        width = _SINGLE if level == 1 else width
        for index in range(1, 2 if block == level else convolutions + 1):
            layers.append((block, index, inputs, width))
            inputs = width
    return layers


class DistilledVGG19(nn.Module):
    """VGG-19 up to the first convolution of a block, of which a sixteenth of the weights are left.

    Weights, `distilled_vgg19_{1…4}` of `imaging_jax.pretrained`, were trained to give what
    VGG-19's do once their channels are mixed; they stand in for it where it isn't at hand. Up to
    the fourth block there are 219,804 parameters. Kernels start He normal.

    Attributes:
        level: 1 to 4, the block whose first convolution is the last.
        dtype: type of computation; parameters are float32.
        precision: of the convolutions.

    Raises:
        ValueError: on images that aren't RGB or have less than 2^level pixels a side, or another
            level.

    Source: Wang, Li, Wang, Hu, Yang, "Collaborative Distillation for Ultra-Resolution Universal
    Style Transfer", CVPR 2020; github.com/MingSun-Tse/Collaborative-Distillation.
    """

    level: int = 4
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    takes: ClassVar[tuple[str, ...]] = ("image",)
    channels: ClassVar[int] = 3

    @nn.compact
    def __call__(self, x: jax.Array) -> dict[str, jax.Array]:
        """Returns the maps "relu1_1" to "relu{level}_1" of ``(..., H, W, 3)``, RGB in [0, 1].

        They are named as VGG-19's, and as large: the sides of block i are those of the image
        divided by 2^(i - 1), rounded down. Images are continued by reflection.
        """
        name = type(self).__name__
        layers = layers_of(name, self.level)
        check_channels(x, self.channels, name)
        if min(x.shape[-3:-1]) < 2**self.level:
            side = 2**self.level
            raise ValueError(f"{name}: x must have at least {side}x{side} pixels, got {x.shape}")
        y = self._conv(self.channels, (1, 1), "levels")(x)
        maps = {}
        for block, index, _, width in layers:
            if block > 1 and index == 1:
                y = nn.max_pool(y, (2, 2), (2, 2))
            y = jnp.pad(y, [(0, 0)] * (y.ndim - 3) + [(1, 1), (1, 1), (0, 0)], mode="reflect")
            y = nn.relu(self._conv(width, (3, 3), f"conv{block}_{index}")(y))
            maps[f"relu{block}_{index}"] = y
        return maps

    def _conv(self, width, size, name):
        return Conv(
            width,
            size,
            padding="VALID",
            kernel_init=nn.initializers.he_normal(),
            dtype=self.dtype,
            precision=self.precision,
            name=name,
        )
