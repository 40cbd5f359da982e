from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from imaging_jax.models.layers import (
    RESNET_FAMILY,
    ResNetBackbone,
    check_at_least,
    check_choice,
    check_images,
)
from imaging_jax.models.self_supervision.roles import Encoder


class ResNetEncoder(Encoder):
    """A residual network without its last layer: the means of its last map are the features.

    Depths 18 and 50 have 11,176,512 and 23,508,032 parameters, of 13 bands 11,207,872 and
    23,539,392; depth 18 with a small stem has 11,168,832. Of `features=64` they give 512 and 2,048
    numbers.

    Attributes:
        depth: of `RESNET_FAMILY`.
        features: channels of the stem; a power of two times as many in the stages.
        small_stem: one 3x3 convolution that keeps the size, and no pooling, for small images.
        image_shape: height, width and channels.
        dtype: type of computation; parameters and features are float32.
        precision: of the convolutions.

    Raises:
        ValueError: on another depth, or images of another shape.

    Source: He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", CVPR 2016; small
    stem of Chen et al., ICML 2020, appendix B.9.
    """

    depth: int = 50
    features: int = 64
    small_stem: bool = False
    image_shape: tuple[int, int, int] = (224, 224, 3)
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    takes: ClassVar[tuple[str, ...]] = ("image",)

    def setup(self):
        """Makes the backbone."""
        check_choice("ResNetEncoder", "depth", self.depth, RESNET_FAMILY)
        check_at_least(1, "ResNetEncoder", features=self.features)
        self.backbone = ResNetBackbone(
            self.depth,
            features=self.features,
            small_stem=self.small_stem,
            dtype=self.dtype,
            precision=self.precision,
        )

    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """`encode`."""
        return self.encode(x, train)

    def encode(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Maps images ``(N, *image_shape)`` to features ``(N, D)``."""
        check_images(x, self.image_shape, "ResNetEncoder")
        *_, y = self.backbone(x, train)
        return jnp.mean(y, axis=(1, 2), dtype=jnp.float32)
