from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.classification.roles import Classifier
from imaging_jax.models.layers import (
    KERNEL_INITS,
    Conv,
    activate,
    check_at_least,
    check_choice,
    check_dropout,
    check_images,
)


class CNN(Classifier):
    """A small convolutional classifier: 421,642 parameters for grey images of 28x28.

    Each 3x3 convolution is followed by an activation and max-pooling by 2; then one hidden layer.

    Attributes:
        features: of the convolutions.
        hidden: width of the hidden layer.
        classes: width of the last layer.
        image_shape: height, width and channels.
        activation: of `layers.ACTIVATIONS`, after every hidden layer.
        dropout: share of the hidden layer that is dropped in training, by the stream "dropout".
        kernel_init: of `layers.KERNEL_INITS`: "he", "xavier" or "lecun".
        dtype: type of computation; parameters and the last layer are float32.
        precision: of the convolutions and products.

    Raises:
        ValueError: on images of another shape, an unknown name, or a dropout outside [0, 1).

    Source: LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document
    recognition", Proceedings of the IEEE 86(11), 1998, in today's layers.
    """

    features: tuple[int, ...] = (32, 64)
    hidden: int = 128
    classes: int = 10
    image_shape: tuple[int, int, int] = (28, 28, 1)
    activation: str = "relu"
    dropout: float = 0.0
    kernel_init: str = "lecun"
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Returns the logits ``(N, classes)`` of images ``(N, *image_shape)`` in [0, 1]."""
        check_images(x, self.image_shape, "CNN")
        check_at_least(1, "CNN", hidden=self.hidden, features=min(self.features))
        if min(self.image_shape[:2]) < 2 ** len(self.features):
            raise ValueError(
                f"CNN: nothing is left of image_shape {self.image_shape} after "
                f"{len(self.features)} halvings, one a value of features"
            )
        check_choice("CNN", "kernel_init", self.kernel_init, KERNEL_INITS)
        check_dropout(self.dropout, "CNN")
        init = KERNEL_INITS[self.kernel_init]
        settings = {"kernel_init": init, "dtype": self.dtype, "precision": self.precision}
        y = x
        for features in self.features:
            y = activate(Conv(features, (3, 3), **settings)(y), self.activation, "CNN")
            y = nn.max_pool(y, (2, 2), (2, 2))
        y = nn.Dense(self.hidden, **settings)(y.reshape(y.shape[0], -1))
        y = activate(y, self.activation, "CNN")
        y = nn.Dropout(self.dropout, deterministic=not train)(y)
        return nn.Dense(self.classes, **{**settings, "dtype": jnp.float32})(y)
