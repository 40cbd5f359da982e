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
    spectral_norm,
)

_GLOROT = nn.initializers.glorot_uniform()
_SLOPE = 0.01
_NORM = {"momentum": 0.999, "epsilon": 1e-3}


class TFGANGenerator(Generator):
    """The MNIST generator of TF-GAN: two dense layers and 4x4 convolutions with batch norm.

    The defaults have 6,667,297 parameters. Kernels start Glorot uniform.

    Attributes:
        latent: numbers in a latent vector.
        channels: image channels.
        features: channels before the last layer.
        hidden: width of the first dense layer.
        dtype: type of computation; parameters and the last layer are float32.
        precision: of the convolutions.

    Raises:
        ValueError: on another latent vector, on labels, or on a field below 1.

    Source: github.com/tensorflow/gan, tensorflow_gan/examples/mnist/networks.py.
    """

    latent: int = 64
    channels: int = 1
    features: int = 32
    hidden: int = 1024
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
        check_positive(model, features=self.features, hidden=self.hidden)
        check_latent(z, self.latent, model)
        check_labels(labels, 0, z.shape[0], model)
        norm = partial(batch_norm, train=train, dtype=self.dtype, **_NORM)
        layer = {"kernel_init": _GLOROT, "precision": self.precision}
        dense = partial(nn.Dense, use_bias=False, dtype=self.dtype, **layer)
        conv = partial(TransposedConv, use_bias=True, dtype=self.dtype, **layer)
        widest = 4 * self.features
        y = nn.relu(norm(dense(self.hidden, name="dense1")(z), name="norm1"))
        y = nn.relu(norm(dense(7 * 7 * widest, name="dense2")(y), name="norm2"))
        y = y.reshape(-1, 7, 7, widest)
        y = nn.relu(norm(conv(2 * self.features, name="conv1")(y), name="norm3"))
        y = nn.relu(norm(conv(self.features, name="conv2")(y), name="norm4"))
        last = nn.Conv(self.channels, (4, 4), name="conv3", **layer)
        return nn.tanh(last(y.astype(jnp.float32)))


class TFGANDiscriminator(Discriminator):
    """The MNIST discriminator of TF-GAN, spectrally normalised but for its last layer.

    The defaults have 6,557,889 parameters. Kernels start Glorot uniform.

    Attributes:
        channels: image channels.
        features: channels after the first layer.
        hidden: width of the dense layer.
        dtype: type of computation; parameters and the last layer are float32.
        precision: of the convolutions.

    Raises:
        ValueError: on another image, on labels, or on a field below 1.

    Source: github.com/tensorflow/gan, tensorflow_gan/examples/mnist/networks.py.
    """

    channels: int = 1
    features: int = 64
    hidden: int = 1024
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
            train: take the batch's statistics; spectral normalisation keeps its new vectors.

        Returns:
            ``(N,)`` logits, float32.
        """
        model = type(self).__name__
        check_positive(model, features=self.features, hidden=self.hidden)
        check_images(x, self.image_shape, model)
        check_labels(labels, 0, x.shape[0], model)
        layer = {"kernel_init": _GLOROT, "precision": self.precision}
        y = x
        for index in (1, 2):
            conv = nn.Conv(
                index * self.features,
                (4, 4),
                strides=2,
                dtype=self.dtype,
                name=f"conv{index}",
                **layer,
            )
            y = nn.leaky_relu(spectral_norm(conv, y, train), _SLOPE)
        y = y.reshape(y.shape[0], -1)
        dense = nn.Dense(self.hidden, use_bias=False, dtype=self.dtype, name="dense1", **layer)
        y = spectral_norm(dense, y, train)
        y = nn.leaky_relu(batch_norm(y, train, "norm1", dtype=self.dtype, **_NORM), _SLOPE)
        return nn.Dense(1, name="dense2", **layer)(y.astype(jnp.float32))[:, 0]
