from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.classification.roles import Classifier
from imaging_jax.models.layers import Conv, check_images


class CNN(Classifier):
    """A small convolutional classifier: 421,642 parameters for grey images of 28x28.

    Each convolution of 3x3 is followed by a ReLU and max-pooling by 2; then one hidden layer.

    Attributes:
        features: of the convolutions.
        hidden: width of the hidden layer.
        classes: width of the last layer.
        image_shape: height, width and channels.
        dtype: type of computation; parameters and the last layer are float32.
        precision: of the convolutions and products.

    Raises:
        ValueError: on images of another shape.

    Source: LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document
    recognition", Proceedings of the IEEE 86(11), 1998, in today's layers.
    """

    features: tuple[int, ...] = (32, 64)
    hidden: int = 128
    classes: int = 10
    image_shape: tuple[int, int, int] = (28, 28, 1)
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Returns the logits ``(N, classes)`` of images ``(N, *image_shape)`` in [0, 1]."""
        check_images(x, self.image_shape, "CNN")
        settings = {"dtype": self.dtype, "precision": self.precision}
        y = x
        for features in self.features:
            y = nn.relu(Conv(features, (3, 3), **settings)(y))
            y = nn.max_pool(y, (2, 2), (2, 2))
        y = nn.relu(nn.Dense(self.hidden, **settings)(y.reshape(y.shape[0], -1)))
        return nn.Dense(self.classes, dtype=jnp.float32, precision=self.precision)(y)
