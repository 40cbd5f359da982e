from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.classification.roles import Classifier
from imaging_jax.models.layers import (
    ATTENTION,
    Conv,
    attention_block,
    batch_norm,
    check_choice,
    check_images,
    fan_in_uniform,
    torch_kernel,
)

# Of each depth: blocks of the four stages, and whether they are bottlenecks.
_FAMILY = {
    18: ((2, 2, 2, 2), False),
    34: ((3, 4, 6, 3), False),
    50: ((3, 4, 6, 3), True),
    101: ((3, 4, 23, 3), True),
    152: ((3, 8, 36, 3), True),
}
_EXPANSION = 4
_KAIMING = nn.initializers.variance_scaling(2.0, "fan_out", "normal")
# Blocks whose memory grows with the square of the pixels.
_OF_PIXELS = ("non_local", "sagan")


class ResNet(Classifier):
    """Residual networks for images of about 224x224, in Torch's conventions.

    Depths 18, 34, 50, 101 and 152 have 11,689,512, 21,797,672, 25,557,032, 44,549,160 and
    60,192,808 parameters with 1,000 classes. A bottleneck has its stride in the 3x3 convolution,
    shortcuts between shapes are projections, convolutions start Kaiming normal by their fan-out.
    "se", "cbam" and "channel" lie on every residual branch before the addition, "bam" behind the
    first three stages. "non_local" and "sagan" follow every other block of the second and third
    stage, as in the non-local paper, where it has five of them in ResNet-50.

    Attributes:
        depth: of the family.
        attention: block of `layers.ATTENTION`; "" for none.
        features: channels of the stem; a power of two times as many in the stages.
        classes: width of the last layer.
        image_shape: height, width and channels.
        dtype: type of computation; parameters and the last layer are float32.
        precision: of convolutions and products.

    Raises:
        ValueError: on another depth, an unknown attention, or images of another shape.

    Source: He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", CVPR 2016,
    section 3 and table 1; attention of Woo et al., ECCV 2018, Park et al., BMVC 2018, and Wang et
    al., CVPR 2018, section 4.
    """

    depth: int = 50
    attention: str = ""
    features: int = 64
    classes: int = 1000
    image_shape: tuple[int, int, int] = (224, 224, 3)
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Returns the logits ``(N, classes)`` of images ``(N, *image_shape)`` in [0, 1]."""
        check_choice("ResNet", "depth", self.depth, _FAMILY)
        check_choice("ResNet", "attention", self.attention, ("", *ATTENTION))
        check_images(x, self.image_shape, "ResNet")
        settings = {"dtype": self.dtype, "precision": self.precision}
        attend = partial(attention_block, self.attention, "ResNet", **settings)
        behind = self.attention in ("bam", *_OF_PIXELS)
        stages, bottleneck = _FAMILY[self.depth]

        y = Conv(
            self.features,
            (7, 7),
            strides=2,
            padding=3,
            use_bias=False,
            kernel_init=_KAIMING,
            name="stem",
            **settings,
        )(x)
        y = nn.relu(batch_norm(y, train, "stem_norm", dtype=self.dtype))
        y = nn.max_pool(y, (3, 3), (2, 2), ((1, 1), (1, 1)))
        for stage, count in enumerate(stages, 1):
            for index in range(1, count + 1):
                y = _Block(
                    2 ** (stage - 1) * self.features,
                    2 if stage > 1 and index == 1 else 1,
                    bottleneck,
                    "" if behind else self.attention,
                    name=f"stage{stage}_block{index}",
                    **settings,
                )(y, train)
                if self.attention in _OF_PIXELS and stage in (2, 3) and index % 2 == 0:
                    y = attend(name=f"stage{stage}_attention{index}")(y, train)
            if self.attention == "bam" and stage < len(stages):
                y = attend(name=f"stage{stage}_attention")(y, train)
        y = jnp.mean(y, axis=(1, 2), dtype=jnp.float32)
        return nn.Dense(
            self.classes,
            kernel_init=torch_kernel,
            bias_init=fan_in_uniform(y.shape[-1]),
            precision=self.precision,
            name="head",
        )(y)


class _Block(nn.Module):
    """Two 3x3 convolutions, or a bottleneck of 1x1, 3x3 and 1x1, added to their input."""

    features: int
    stride: int
    bottleneck: bool
    attention: str
    dtype: Any
    precision: jax.lax.PrecisionLike

    @nn.compact
    def __call__(self, x, train):
        features, stride = self.features, self.stride
        if self.bottleneck:
            layers = [(features, 1, 1), (features, 3, stride), (_EXPANSION * features, 1, 1)]
        else:
            layers = [(features, 3, stride), (features, 3, 1)]
        y = x
        for index, layer in enumerate(layers, 1):
            y = self._normed(y, *layer, f"conv{index}", train)
            y = nn.relu(y) if index < len(layers) else y
        if self.attention:
            settings = {"dtype": self.dtype, "precision": self.precision}
            y = attention_block(self.attention, "ResNet", name="attention", **settings)(y, train)
        if x.shape != y.shape:
            x = self._normed(x, y.shape[-1], 1, stride, "shortcut", train)
        return nn.relu(x + y)

    def _normed(self, x, features, size, stride, name, train):
        y = Conv(
            features,
            (size, size),
            strides=stride,
            padding=size // 2,
            use_bias=False,
            kernel_init=_KAIMING,
            dtype=self.dtype,
            precision=self.precision,
            name=name,
        )(x)
        return batch_norm(y, train, f"{name}_norm", dtype=self.dtype)
