from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.generative.roles import Discriminator, Generator
from imaging_jax.models.layers import (
    TransposedConv,
    check_images,
    check_labels,
    check_latent,
    check_positive,
)

_HE = nn.initializers.he_uniform()


class WGANGPGenerator(Generator):
    """The MNIST generator of WGAN-GP: a dense layer and transposed 5x5 convolutions, no norms.

    The defaults have 1,554,177 parameters. Kernels start He uniform. Images lie in [-1, 1] and
    end in tanh; the authors' lie in [0, 1] and end in a sigmoid.

    Attributes:
        latent: numbers in a latent vector.
        channels: image channels.
        features: channels before the last layer.
        dtype: type of computation; parameters and the last layer are float32.
        precision: of the convolutions.

    Raises:
        ValueError: on another latent vector, on labels, or on features below 1.

    Source: Gulrajani, Ahmed, Arjovsky, Dumoulin, Courville, "Improved Training of Wasserstein
    GANs", NIPS 2017; github.com/igul222/improved_wgan_training, gan_mnist.py.
    """

    latent: int = 128
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
            train: changes nothing.

        Returns:
            ``(N, 28, 28, channels)`` in [-1, 1].
        """
        model = type(self).__name__
        check_positive(model, features=self.features)
        check_latent(z, self.latent, model)
        check_labels(labels, 0, z.shape[0], model)
        widest = 4 * self.features
        layer = {"kernel_init": _HE, "precision": self.precision}
        dense = nn.Dense(16 * widest, dtype=self.dtype, name="dense", **layer)
        y = nn.relu(dense(z)).reshape(-1, 4, 4, widest)
        conv = {"kernel_size": 5, "crop": (1, 2), "use_bias": True, **layer}
        y = nn.relu(TransposedConv(2 * self.features, dtype=self.dtype, name="conv1", **conv)(y))
        y = TransposedConv(self.features, dtype=self.dtype, name="conv2", **conv)(y[:, :7, :7])
        y = nn.relu(y).astype(jnp.float32)
        return nn.tanh(TransposedConv(self.channels, name="conv3", **conv)(y))


class WGANGPCritic(Discriminator):
    """The MNIST critic of WGAN-GP: three 5x5 convolutions of stride 2, no norms.

    The defaults have 1,030,145 parameters. Kernels start He uniform.

    Attributes:
        channels: image channels.
        features: channels after the first layer.
        dtype: type of computation; parameters and the last layer are float32.
        precision: of the convolutions.

    Raises:
        ValueError: on another image, on labels, or on features below 1.

    Source: Gulrajani, Ahmed, Arjovsky, Dumoulin, Courville, "Improved Training of Wasserstein
    GANs", NIPS 2017; github.com/igul222/improved_wgan_training, gan_mnist.py.
    """

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
        self, x: jax.Array, labels: jax.Array | None = None, train: bool = False
    ) -> jax.Array:
        """Judges images.

        Args:
            x: ``(N, 28, 28, channels)`` in [-1, 1].
            labels: None.
            train: changes nothing.

        Returns:
            ``(N,)`` values, float32.
        """
        model = type(self).__name__
        check_positive(model, features=self.features)
        check_images(x, self.image_shape, model)
        check_labels(labels, 0, x.shape[0], model)
        layer = {"kernel_init": _HE, "precision": self.precision}
        y = x
        for index in (1, 2, 3):
            y = nn.Conv(
                2 ** (index - 1) * self.features,
                (5, 5),
                strides=2,
                dtype=self.dtype,
                name=f"conv{index}",
                **layer,
            )(y)
            y = nn.leaky_relu(y, 0.2)
        y = y.astype(jnp.float32).reshape(y.shape[0], -1)
        return nn.Dense(1, name="dense", **layer)(y)[:, 0]
