from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.generative.roles import Discriminator, Generator
from imaging_jax.models.layers import (
    check_choice,
    check_images,
    check_labels,
    check_latent,
    check_positive,
    fan_in_uniform,
    torch_kernel,
    with_kernel_norm,
)

NORMALIZATIONS = ("none", "spectral")


class MLPGenerator(Generator):
    """The generator of the first GANs: dense layers with ReLU, tanh at the end.

    The defaults have 283,920 parameters. Kernels and biases start uniform in ±1/sqrt(fan_in).

    Attributes:
        latent: numbers in a latent vector.
        channels: image channels.
        size: height and width of the images.
        features: width of the hidden layers.
        layers: number of hidden layers.
        dtype: type of computation; parameters and the last layer are float32.
        precision: of the products.

    Raises:
        ValueError: on another latent vector, on labels, or on a field below 1.

    Source: Goodfellow et al., "Generative Adversarial Nets", NIPS 2014, section 5; sizes of
    github.com/csinva/gan-vae-pretrained-pytorch, mnist_gan_mlp.
    """

    latent: int = 64
    channels: int = 1
    size: int = 28
    features: int = 256
    layers: int = 2
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width and channels."""
        return (self.size, self.size, self.channels)

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
            ``(N, size, size, channels)`` in [-1, 1].
        """
        model = type(self).__name__
        check_positive(model, size=self.size, features=self.features, layers=self.layers)
        check_latent(z, self.latent, model)
        check_labels(labels, 0, z.shape[0], model)
        y = z
        for index in range(1, self.layers + 1):
            y = nn.relu(_dense(self, self.features, y, self.dtype, f"dense{index}")(y))
        pixels = self.size * self.size * self.channels
        y = nn.tanh(_dense(self, pixels, y, jnp.float32, f"dense{self.layers + 1}")(y))
        return y.reshape(-1, *self.image_shape)


class MLPDiscriminator(Discriminator):
    """The discriminator of `MLPGenerator`: dense layers with LeakyReLU of slope 0.2.

    The defaults have 267,009 parameters. Kernels and biases start uniform in ±1/sqrt(fan_in).

    Attributes:
        channels: image channels.
        size: height and width of the images.
        features: width of the hidden layers.
        layers: number of hidden layers.
        normalization: "none", or "spectral" of every layer.
        dtype: type of computation; parameters and the last layer are float32.
        precision: of the products.

    Raises:
        ValueError: on another image, on labels, on a field below 1 or another normalization.

    Source: Goodfellow et al., "Generative Adversarial Nets", NIPS 2014, section 5; sizes of
    github.com/csinva/gan-vae-pretrained-pytorch, mnist_gan_mlp.
    """

    channels: int = 1
    size: int = 28
    features: int = 256
    layers: int = 2
    normalization: str = "none"
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width and channels."""
        return (self.size, self.size, self.channels)

    @nn.compact
    def __call__(
        self, x: jax.Array, labels: jax.Array | None = None, train: bool = False
    ) -> jax.Array:
        """Judges images.

        Args:
            x: ``(N, size, size, channels)`` in [-1, 1].
            labels: None.
            train: spectral normalisation keeps its new vectors.

        Returns:
            ``(N,)`` logits, float32.
        """
        model = type(self).__name__
        check_positive(model, size=self.size, features=self.features, layers=self.layers)
        check_choice(model, "normalization", self.normalization, NORMALIZATIONS)
        check_images(x, self.image_shape, model)
        check_labels(labels, 0, x.shape[0], model)
        y = x.reshape(x.shape[0], -1)
        for index in range(1, self.layers + 1):
            dense = _dense(self, self.features, y, self.dtype, f"dense{index}")
            y = nn.leaky_relu(with_kernel_norm(dense, y, self.normalization, train), 0.2)
        last = _dense(self, 1, y, jnp.float32, f"dense{self.layers + 1}")
        return with_kernel_norm(last, y, self.normalization, train)[:, 0]


def _dense(module, features, x, dtype, name):
    return nn.Dense(
        features,
        kernel_init=torch_kernel,
        bias_init=fan_in_uniform(x.shape[-1]),
        dtype=dtype,
        precision=module.precision,
        name=name,
    )
