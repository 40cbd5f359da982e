from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.classification.roles import Classifier
from imaging_jax.models.layers import (
    KERNEL_INITS,
    activate,
    check_at_least,
    check_choice,
    check_dropout,
    check_images,
)


class MLP(Classifier):
    """A multilayer perceptron on flattened images: 784-256-128-10 has 235,146 parameters.

    Attributes:
        widths: of the hidden layers.
        classes: width of the last layer.
        image_shape: height, width and channels.
        activation: of `layers.ACTIVATIONS`, after every hidden layer.
        dropout: share of each hidden layer that is dropped in training, by the stream "dropout".
        kernel_init: of `layers.KERNEL_INITS`: "he", "xavier" or "lecun".
        dtype: type of computation; parameters and the last layer are float32.
        precision: of the products.

    Raises:
        ValueError: on images of another shape, an unknown name, or a dropout outside [0, 1).

    Source: Rumelhart, Hinton, Williams, "Learning representations by back-propagating errors",
    Nature 323, 1986; ReLU of Glorot, Bordes, Bengio, AISTATS 2011; dropout of Srivastava, Hinton,
    Krizhevsky, Sutskever, Salakhutdinov, JMLR 15, 2014.
    """

    widths: tuple[int, ...] = (256, 128)
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
        check_images(x, self.image_shape, "MLP")
        check_at_least(1, "MLP", widths=min(self.widths, default=1))
        check_choice("MLP", "kernel_init", self.kernel_init, KERNEL_INITS)
        check_dropout(self.dropout, "MLP")
        settings = {"kernel_init": KERNEL_INITS[self.kernel_init], "precision": self.precision}
        y = x.reshape(x.shape[0], -1)
        for width in self.widths:
            y = nn.Dense(width, dtype=self.dtype, **settings)(y)
            y = activate(y, self.activation, "MLP")
            y = nn.Dropout(self.dropout, deterministic=not train)(y)
        return nn.Dense(self.classes, dtype=jnp.float32, **settings)(y)
