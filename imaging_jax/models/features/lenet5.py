from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.classification.roles import Classifier
from imaging_jax.models.layers import Conv, check_channels

SIDE = 28


class LeNet5(Classifier):
    """LeNet-5 with ReLU and max-pooling: the judge of generated digits (61,706 parameters).

    Attributes:
        classes: width of the last layer.
        dtype: type of computation; parameters are float32.
        precision: of the convolutions and products.

    Raises:
        ValueError: on images that aren't 28x28 with one channel.

    Source: LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document
    recognition", Proceedings of the IEEE 86(11), 1998, figure 2; there with scaled tanh,
    trainable sub-sampling and a sparse C3.
    """

    classes: int = 10
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    image_shape: ClassVar[tuple[int, int, int]] = (SIDE, SIDE, 1)
    channels: ClassVar[int] = 1

    def setup(self):
        """Builds the layers."""
        settings = {"dtype": self.dtype, "precision": self.precision}
        convolution = {"kernel_size": (5, 5), "padding": "VALID", **settings}
        self.c1 = Conv(6, **convolution)
        self.c3 = Conv(16, **convolution)
        self.c5 = Conv(120, **convolution)
        self.f6 = nn.Dense(84, **settings)
        self.f7 = nn.Dense(self.classes, **settings)

    def __call__(self, x: jax.Array) -> jax.Array:
        """Returns the logits ``(..., classes)`` of images ``(..., 28, 28, 1)`` in [0, 1]."""
        return self.f7(self.features(x))

    def features(self, x: jax.Array) -> jax.Array:
        """Returns the activations of F6, ``(..., 84)``, at least 0.

        Args:
            x: ``(..., 28, 28, 1)`` in [0, 1], which is padded with two zeros on every side.
        """
        check_channels(x, self.channels, "LeNet5")
        if x.shape[-3:-1] != (SIDE, SIDE):
            raise ValueError(f"LeNet5: x must have {SIDE}x{SIDE} pixels, got {x.shape}")
        x = jnp.pad(x, [(0, 0)] * (x.ndim - 3) + [(2, 2), (2, 2), (0, 0)])
        x = _halve(nn.relu(self.c1(x)))
        x = _halve(nn.relu(self.c3(x)))
        x = nn.relu(self.c5(x))
        return nn.relu(self.f6(x[..., 0, 0, :]))


def _halve(x):
    return nn.max_pool(x, (2, 2), (2, 2))
