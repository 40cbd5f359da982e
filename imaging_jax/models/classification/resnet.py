from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.classification.roles import Classifier
from imaging_jax.models.layers import (
    ATTENTION,
    RESNET_FAMILY,
    ResNetBackbone,
    check_choice,
    check_images,
    fan_in_uniform,
    torch_kernel,
)


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
        check_choice("ResNet", "depth", self.depth, RESNET_FAMILY)
        check_choice("ResNet", "attention", self.attention, ("", *ATTENTION))
        check_images(x, self.image_shape, "ResNet")
        *_, y = ResNetBackbone(
            self.depth,
            self.attention,
            self.features,
            dtype=self.dtype,
            precision=self.precision,
            name="backbone",
        )(x, train)
        y = jnp.mean(y, axis=(1, 2), dtype=jnp.float32)
        return nn.Dense(
            self.classes,
            kernel_init=torch_kernel,
            bias_init=fan_in_uniform(y.shape[-1]),
            precision=self.precision,
            name="head",
        )(y)
