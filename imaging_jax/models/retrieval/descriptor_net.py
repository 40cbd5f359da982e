from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import Conv, batch_norm, check_at_least, check_images

_POWER = 3.0


class DescriptorNet(nn.Module):
    """Convolutions whose last map is pooled to one vector: what images are compared by.

    Each 3x3 convolution is followed by a batch norm and a ReLU, all but the first halve the sides.
    Generalised means with a learnt power pool the last map.

    Attributes:
        features: of the convolutions.
        dimension: numbers of a vector.
        binary: the vector is bounded by -1 and 1, for bits, rather than of length 1.
        image_shape: height, width and channels.
        dtype: type of computation; parameters and vectors are float32.
        precision: of the convolutions and products.

    Raises:
        ValueError: on images of another shape.

    Source: Radenović, Tolias, Chum, "Fine-tuning CNN image retrieval with no human annotation",
    IEEE TPAMI 41(7), 2019 (generalised means); Liu, Wang, Shan, Chen, "Deep supervised hashing for
    fast image retrieval", CVPR 2016 (bounded vectors).
    """

    features: tuple[int, ...] = (32, 64, 128)
    dimension: int = 64
    binary: bool = False
    image_shape: tuple[int, int, int] = (32, 32, 3)
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    takes: ClassVar[tuple[str, ...]] = ("image",)

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Describes images ``(N, *image_shape)`` in [0, 1] by vectors ``(N, dimension)``."""
        check_images(x, self.image_shape, "DescriptorNet")
        check_at_least(1, "DescriptorNet", dimension=self.dimension)
        settings = {"dtype": self.dtype, "precision": self.precision}
        for index, width in enumerate(self.features, 1):
            stride = 1 if index == 1 else 2
            x = Conv(width, (3, 3), strides=(stride, stride), name=f"conv{index}", **settings)(x)
            x = nn.relu(batch_norm(x, train, f"norm{index}", dtype=self.dtype))
        power = self.param("power", nn.initializers.constant(_POWER), ())
        # A power of 0 has no gradient by its exponent.
        powers = jnp.maximum(x.astype(jnp.float32), 1e-6) ** power
        pooled = jnp.mean(powers, axis=(1, 2)) ** (1 / power)
        y = nn.Dense(self.dimension, precision=self.precision, name="vector")(pooled)
        if self.binary:
            return jnp.tanh(y)
        return y / jnp.maximum(jnp.linalg.norm(y, axis=-1, keepdims=True), 1e-6)
