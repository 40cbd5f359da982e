from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.features.distilled_vgg import layers_of
from imaging_jax.models.layers import check_channels
from imaging_jax.models.stylization._mirrored_vgg import decode


class DistilledVGG19Decoder(nn.Module):
    """Makes an image of the last map of `DistilledVGG19`, whose layers it mirrors.

    Weights are `distilled_vgg19_decoder_{1…4}` of `imaging_jax.pretrained`. Up to the fourth block
    there are 219,667 parameters. Kernels start He normal.

    Attributes:
        level: 1 to 4, that of the encoder.
        dtype: type of computation; parameters are float32.
        precision: of the convolutions.

    Raises:
        ValueError: on maps of other channels or smaller than 2x2, or another level.

    Source: Wang, Li, Wang, Hu, Yang, "Collaborative Distillation for Ultra-Resolution Universal
    Style Transfer", CVPR 2020; github.com/MingSun-Tse/Collaborative-Distillation.
    """

    level: int = 4
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    takes: ClassVar[tuple[str, ...]] = ("features",)

    @property
    def channels(self) -> int:
        """Those of the map that it takes."""
        return layers_of(type(self).__name__, self.level)[-1][3]

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Maps ``(..., h, w, channels)`` to RGB of ``2^(level - 1)`` times its sides.

        The image is nominally in [0, 1] and never below 0, as a ReLU ends it.
        """
        name = type(self).__name__
        check_channels(x, self.channels, name)
        if min(x.shape[-3:-1]) < 2:
            raise ValueError(f"{name}: x must have at least 2x2 pixels, got {x.shape}")
        mirrored = [
            (block, index, inputs)
            for block, index, inputs, _ in reversed(layers_of(name, self.level))
        ]
        return decode(
            x,
            mirrored,
            relu_at_end=True,
            kernel_init=nn.initializers.he_normal(),
            dtype=self.dtype,
            precision=self.precision,
        )
