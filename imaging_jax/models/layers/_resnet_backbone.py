from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers._attention_blocks import attention_block
from imaging_jax.models.layers._convolution import Conv
from imaging_jax.models.layers._normalization import batch_norm

RESNET_FAMILY: dict[int, tuple[tuple[int, ...], bool]] = {
    18: ((2, 2, 2, 2), False),
    34: ((3, 4, 6, 3), False),
    50: ((3, 4, 6, 3), True),
    101: ((3, 4, 23, 3), True),
    152: ((3, 8, 36, 3), True),
}
"""Of each depth: blocks of the four stages, and whether they are bottlenecks."""

_EXPANSION = 4
_KAIMING = nn.initializers.variance_scaling(2.0, "fan_out", "normal")
# Blocks whose memory grows with the square of the pixels.
_OF_PIXELS = ("non_local", "sagan")


class ResNetBackbone(nn.Module):
    """Stem and four stages of a residual network, in Torch's conventions.

    A bottleneck has its stride in the 3x3 convolution, shortcuts between shapes are projections,
    convolutions start Kaiming normal by their fan-out. A stage of dilated 3x3 convolutions keeps
    the size that it is given instead of halving it.

    Attributes:
        depth: of `RESNET_FAMILY`.
        attention: block of `layers.ATTENTION`; "" for none.
        features: channels of the stem; a power of two times as many in the stages.
        deep_stem: three 3x3 convolutions, the last of twice the features, in place of one of 7x7.
        small_stem: one 3x3 convolution that keeps the size, and no pooling, for small images.
        dilations: of the third and the fourth stage.
        dtype: type of computation; parameters are float32.
        precision: of convolutions and products.

    Source: He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", CVPR 2016,
    section 3 and table 1; dilations and deep stem of Zhao et al., CVPR 2017; small stem of Chen et
    al., ICML 2020, appendix B.9.
    """

    depth: int = 50
    attention: str = ""
    features: int = 64
    deep_stem: bool = False
    small_stem: bool = False
    dilations: tuple[int, int] = (1, 1)
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> tuple[jax.Array, ...]:
        """Maps ``(N, H, W, C)`` to what each stage gives.

        Sides are divided by 4, 8, 16 and 32, rounded up, without dilations; with a small
        stem by 1, 2, 4 and 8.
        """
        settings = {"dtype": self.dtype, "precision": self.precision}
        attend = partial(attention_block, self.attention, "ResNet", **settings)
        behind = self.attention in ("bam", *_OF_PIXELS)
        stages, bottleneck = RESNET_FAMILY[self.depth]

        y = self._stem(x, train)
        if not self.small_stem:
            y = nn.max_pool(y, (3, 3), (2, 2), ((1, 1), (1, 1)))
        maps = []
        for stage, count in enumerate(stages, 1):
            dilation = (1, 1, *self.dilations)[stage - 1]
            for index in range(1, count + 1):
                y = _Block(
                    2 ** (stage - 1) * self.features,
                    2 if stage > 1 and index == 1 and dilation == 1 else 1,
                    dilation,
                    bottleneck,
                    "" if behind else self.attention,
                    name=f"stage{stage}_block{index}",
                    **settings,
                )(y, train)
                if self.attention in _OF_PIXELS and stage in (2, 3) and index % 2 == 0:
                    y = attend(name=f"stage{stage}_attention{index}")(y, train)
            if self.attention == "bam" and stage < len(stages):
                y = attend(name=f"stage{stage}_attention")(y, train)
            maps.append(y)
        return tuple(maps)

    def _stem(self, x, train):
        size, stride = (3, 1) if self.small_stem else (7, 2)
        layers = [("stem", self.features, size, stride)]
        if self.deep_stem:
            widths = (self.features, self.features, 2 * self.features)
            layers = [
                (f"stem{i}", width, 3, 2 if i == 1 else 1) for i, width in enumerate(widths, 1)
            ]
        for name, features, size, stride in layers:
            settings = {"dtype": self.dtype, "precision": self.precision}
            x = nn.relu(_normed(x, features, size, stride, 1, name, train, **settings))
        return x


class _Block(nn.Module):
    """Two 3x3 convolutions, or a bottleneck of 1x1, 3x3 and 1x1, added to their input."""

    features: int
    stride: int
    dilation: int
    bottleneck: bool
    attention: str
    dtype: Any
    precision: jax.lax.PrecisionLike

    @nn.compact
    def __call__(self, x, train):
        features, stride, dilation = self.features, self.stride, self.dilation
        settings = {"dtype": self.dtype, "precision": self.precision}
        if self.bottleneck:
            layers = [
                (features, 1, 1, 1),
                (features, 3, stride, dilation),
                (_EXPANSION * features, 1, 1, 1),
            ]
        else:
            layers = [(features, 3, stride, dilation), (features, 3, 1, dilation)]
        y = x
        for index, layer in enumerate(layers, 1):
            y = _normed(y, *layer, f"conv{index}", train, **settings)
            y = nn.relu(y) if index < len(layers) else y
        if self.attention:
            y = attention_block(self.attention, "ResNet", name="attention", **settings)(y, train)
        if x.shape != y.shape:
            x = _normed(x, y.shape[-1], 1, stride, 1, "shortcut", train, **settings)
        return nn.relu(x + y)


def _normed(x, features, size, stride, dilation, name, train, dtype, precision):
    y = Conv(
        features,
        (size, size),
        strides=stride,
        padding=dilation * (size // 2),
        kernel_dilation=dilation,
        use_bias=False,
        kernel_init=_KAIMING,
        dtype=dtype,
        precision=precision,
        name=name,
    )(x)
    return batch_norm(y, train, f"{name}_norm", dtype=dtype)
