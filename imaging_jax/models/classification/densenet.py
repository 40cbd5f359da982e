from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.classification.roles import Classifier
from imaging_jax.models.layers import (
    Conv,
    batch_norm,
    check_at_least,
    check_choice,
    check_images,
    torch_kernel,
)

# Of each depth: growth, and layers of the four blocks.
_FAMILY = {
    121: (32, (6, 12, 24, 16)),
    161: (48, (6, 12, 36, 24)),
    169: (32, (6, 12, 32, 32)),
    201: (32, (6, 12, 48, 32)),
}
_BOTTLENECK = 4
_KAIMING = nn.initializers.variance_scaling(2.0, "fan_in", "normal")


class DenseNet(Classifier):
    """DenseNet-BC: every layer sees the maps of all before it in its block.

    Depths 121, 169, 201 and 161 have 7,978,856, 14,149,480, 20,013,928 and 28,681,000 parameters
    with 1,000 classes. A layer is norm, ReLU, 1x1 convolution to four times the growth, norm,
    ReLU, 3x3 convolution to the growth; between blocks, channels and sides are halved.
    Convolutions start Kaiming normal by their fan-in.

    Attributes:
        depth: of the family.
        classes: width of the last layer.
        image_shape: height, width, at least 29, and channels.
        dtype: type of computation; parameters and the last layer are float32.
        precision: of convolutions and products.

    Raises:
        ValueError: on another depth, or images too small or of another shape.

    Source: Huang, Liu, van der Maaten, Weinberger, "Densely Connected Convolutional Networks",
    CVPR 2017, section 3 and table 1.
    """

    depth: int = 121
    classes: int = 1000
    image_shape: tuple[int, int, int] = (224, 224, 3)
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Returns the logits ``(N, classes)`` of images ``(N, *image_shape)`` in [0, 1]."""
        check_choice("DenseNet", "depth", self.depth, _FAMILY)
        # Below, nothing is left of five halvings.
        check_at_least(29, "DenseNet", height=self.image_shape[0], width=self.image_shape[1])
        check_images(x, self.image_shape, "DenseNet")
        growth, blocks = _FAMILY[self.depth]
        conv = partial(
            Conv,
            use_bias=False,
            kernel_init=_KAIMING,
            dtype=self.dtype,
            precision=self.precision,
        )

        def rectified(y, name):
            return nn.relu(batch_norm(y, train, name, dtype=self.dtype))

        y = conv(2 * growth, (7, 7), strides=2, padding=3, name="stem")(x)
        y = nn.max_pool(rectified(y, "stem_norm"), (3, 3), (2, 2), ((1, 1), (1, 1)))
        for block, layers in enumerate(blocks, 1):
            for layer in range(1, layers + 1):
                name = f"block{block}_layer{layer}"
                new = rectified(y, f"{name}_norm1")
                new = conv(_BOTTLENECK * growth, (1, 1), name=f"{name}_conv1")(new)
                new = rectified(new, f"{name}_norm2")
                new = conv(growth, (3, 3), padding=1, name=f"{name}_conv2")(new)
                y = jnp.concatenate([y, new], axis=-1)
            if block < len(blocks):
                y = rectified(y, f"transition{block}_norm")
                y = conv(y.shape[-1] // 2, (1, 1), name=f"transition{block}_conv")(y)
                y = nn.avg_pool(y, (2, 2), (2, 2))
        y = jnp.mean(rectified(y, "norm"), axis=(1, 2), dtype=jnp.float32)
        return nn.Dense(
            self.classes, kernel_init=torch_kernel, precision=self.precision, name="head"
        )(y)
