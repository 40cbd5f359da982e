from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.classification.roles import Classifier
from imaging_jax.models.layers import check_images


class MLP(Classifier):
    """A multilayer perceptron on flattened images: 784-256-128-10 has 235,146 parameters.

    Attributes:
        widths: of the hidden layers, each followed by a ReLU.
        classes: width of the last layer.
        image_shape: height, width and channels.
        dtype: type of computation; parameters and the last layer are float32.
        precision: of the products.

    Raises:
        ValueError: on images of another shape.

    Source: Rumelhart, Hinton, Williams, "Learning representations by back-propagating errors",
    Nature 323, 1986; ReLU of Glorot, Bordes, Bengio, AISTATS 2011.
    """

    widths: tuple[int, ...] = (256, 128)
    classes: int = 10
    image_shape: tuple[int, int, int] = (28, 28, 1)
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Returns the logits ``(N, classes)`` of images ``(N, *image_shape)`` in [0, 1]."""
        check_images(x, self.image_shape, "MLP")
        y = x.reshape(x.shape[0], -1)
        for width in self.widths:
            y = nn.relu(nn.Dense(width, dtype=self.dtype, precision=self.precision)(y))
        return nn.Dense(self.classes, dtype=jnp.float32, precision=self.precision)(y)
