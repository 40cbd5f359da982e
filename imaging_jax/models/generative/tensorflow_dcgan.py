from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.generative.roles import Discriminator, Generator
from imaging_jax.models.layers import (
    TransposedConv,
    batch_norm,
    check_images,
    check_labels,
    check_latent,
    check_positive,
)

_GLOROT = nn.initializers.glorot_uniform()
# Keras' defaults.
_SLOPE = 0.3
_NORM = {"momentum": 0.99, "epsilon": 1e-3}


class TensorFlowDCGANGenerator(Generator):
    """The generator of TensorFlow's DCGAN tutorial for 28x28: a dense layer, 5x5 convolutions.

    The defaults have 2,305,472 parameters. Kernels start Glorot uniform.

    Attributes:
        latent: numbers in a latent vector.
        channels: image channels.
        features: channels before the last layer.
        dtype: type of computation; parameters and the last layer are float32.
        precision: of the convolutions.

    Raises:
        ValueError: on another latent vector, on labels, or on features below 1.

    Source: tensorflow.org/tutorials/generative/dcgan, "The Generator".
    """

    latent: int = 100
    channels: int = 1
    features: int = 64
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width and channels."""
        return (28, 28, self.channels)

    @nn.compact
    def __call__(
        self, z: jax.Array, labels: jax.Array | None = None, train: bool = False
    ) -> jax.Array:
        """Draws images.

        Args:
            z: ``(N, latent)``, standard normal.
            labels: None.
            train: take the batch's statistics.

        Returns:
            ``(N, 28, 28, channels)`` in [-1, 1].
        """
        model = type(self).__name__
        check_positive(model, features=self.features)
        check_latent(z, self.latent, model)
        check_labels(labels, 0, z.shape[0], model)
        norm = partial(batch_norm, train=train, dtype=self.dtype, **_NORM)
        settings = {"use_bias": False, "kernel_init": _GLOROT, "precision": self.precision}
        conv = partial(TransposedConv, kernel_size=5, **settings)
        widest = 4 * self.features
        y = nn.Dense(7 * 7 * widest, dtype=self.dtype, name="dense", **settings)(z)
        y = nn.leaky_relu(norm(y, name="norm0"), _SLOPE).reshape(-1, 7, 7, widest)
        y = conv(2 * self.features, stride=1, crop=(2, 2), dtype=self.dtype, name="conv1")(y)
        y = nn.leaky_relu(norm(y, name="norm1"), _SLOPE)
        y = conv(self.features, crop=(1, 2), dtype=self.dtype, name="conv2")(y)
        y = nn.leaky_relu(norm(y, name="norm2"), _SLOPE)
        return nn.tanh(conv(self.channels, crop=(1, 2), name="conv3")(y.astype(jnp.float32)))


class TensorFlowDCGANDiscriminator(Discriminator):
    """The discriminator of TensorFlow's DCGAN tutorial for 28x28: two convolutions with dropout.

    The defaults have 212,865 parameters. Kernels start Glorot uniform. In training it draws from
    the stream "dropout".

    Attributes:
        channels: image channels.
        features: channels after the first layer.
        dropout: share of the features set to 0 in training, in [0, 1).
        dtype: type of computation; parameters and the last layer are float32.
        precision: of the convolutions.

    Raises:
        ValueError: on another image, on labels, features below 1 or a share outside [0, 1).

    Source: tensorflow.org/tutorials/generative/dcgan, "The Discriminator".
    """

    channels: int = 1
    features: int = 64
    dropout: float = 0.3
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width and channels."""
        return (28, 28, self.channels)

    @nn.compact
    def __call__(
        self, x: jax.Array, labels: jax.Array | None = None, train: bool = False
    ) -> jax.Array:
        """Judges images.

        Args:
            x: ``(N, 28, 28, channels)`` in [-1, 1].
            labels: None.
            train: drop features.

        Returns:
            ``(N,)`` logits, float32.
        """
        model = type(self).__name__
        check_positive(model, features=self.features)
        if not 0 <= self.dropout < 1:
            raise ValueError(f"{model}: dropout must lie in [0, 1), got {self.dropout}")
        check_images(x, self.image_shape, model)
        check_labels(labels, 0, x.shape[0], model)
        y = x
        for index in (1, 2):
            y = nn.Conv(
                index * self.features,
                (5, 5),
                strides=2,
                kernel_init=_GLOROT,
                dtype=self.dtype,
                precision=self.precision,
                name=f"conv{index}",
            )(y)
            y = nn.Dropout(self.dropout)(nn.leaky_relu(y, _SLOPE), deterministic=not train)
        y = y.astype(jnp.float32).reshape(y.shape[0], -1)
        dense = nn.Dense(1, kernel_init=_GLOROT, precision=self.precision, name="dense")
        return dense(y)[:, 0]
