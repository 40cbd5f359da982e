from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.generative.roles import Discriminator, Generator
from imaging_jax.models.layers import (
    TransposedConv,
    batch_norm,
    check_choice,
    check_images,
    check_labels,
    check_latent,
    check_positive,
    with_kernel_norm,
)

NORMALIZATIONS = ("spectral", "none")

_KERNEL_INIT = nn.initializers.normal(0.02)


class SNGANGenerator(Generator):
    """The generator of SN-GAN's standard CNN: a dense layer, three enlargements with batch norm.

    With 3 channels of 32x32 there are 3,813,379 parameters. Kernels start as N(0, 0.02²).

    Attributes:
        latent: numbers in a latent vector.
        channels: image channels.
        size: height and width of the images, a multiple of 8.
        features: channels before the last layer.
        dtype: type of computation; parameters and the last layer are float32.
        precision: of the convolutions.

    Raises:
        ValueError: on another latent vector, on labels, another size or a field below 1.

    Source: Miyato, Kataoka, Koyama, Yoshida, "Spectral Normalization for Generative Adversarial
    Networks", ICLR 2018, table 3 (a).
    """

    latent: int = 128
    channels: int = 1
    size: int = 32
    features: int = 64
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
            train: take the batch's statistics.

        Returns:
            ``(N, size, size, channels)`` in [-1, 1].
        """
        model = type(self).__name__
        _check_size(model, self.size, self.features)
        check_latent(z, self.latent, model)
        check_labels(labels, 0, z.shape[0], model)
        side, widest = self.size // 8, 8 * self.features
        layer = {"kernel_init": _KERNEL_INIT, "precision": self.precision}
        y = nn.Dense(side * side * widest, dtype=self.dtype, name="dense", **layer)(z)
        y = y.reshape(-1, side, side, widest)
        y = nn.relu(batch_norm(y, train, "norm0", dtype=self.dtype))
        for index in (1, 2, 3):
            y = TransposedConv(
                2 ** (3 - index) * self.features,
                use_bias=True,
                dtype=self.dtype,
                name=f"conv{index}",
                **layer,
            )(y)
            y = nn.relu(batch_norm(y, train, f"norm{index}", dtype=self.dtype))
        last = nn.Conv(self.channels, (3, 3), name="conv4", **layer)
        return nn.tanh(last(y.astype(jnp.float32)))


class SNGANDiscriminator(Discriminator):
    """The discriminator of SN-GAN's standard CNN: 3x3 and halving 4x4 convolutions by turns.

    With 3 channels of 32x32 there are 2,935,873 parameters. Kernels start as N(0, 0.02²);
    LeakyReLU has slope 0.1.

    Attributes:
        channels: image channels.
        size: height and width of the images, a multiple of 8.
        features: channels after the first layer.
        normalization: "spectral" of every layer, or "none".
        dtype: type of computation; parameters and the last layer are float32.
        precision: of the convolutions.

    Raises:
        ValueError: on another image, on labels, another size, a field below 1 or another
            normalization.

    Source: Miyato, Kataoka, Koyama, Yoshida, "Spectral Normalization for Generative Adversarial
    Networks", ICLR 2018, table 3 (b).
    """

    channels: int = 1
    size: int = 32
    features: int = 64
    normalization: str = "spectral"
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
        check_choice(model, "normalization", self.normalization, NORMALIZATIONS)
        _check_size(model, self.size, self.features)
        check_images(x, self.image_shape, model)
        check_labels(labels, 0, x.shape[0], model)
        layer = {"kernel_init": _KERNEL_INIT, "precision": self.precision}
        same, half = {"kernel_size": (3, 3)}, {"kernel_size": (4, 4), "strides": 2, "padding": 1}
        shapes = [(1, same), (1, half), (2, same), (2, half), (4, same), (4, half), (8, same)]
        y = x
        for index, (factor, shape) in enumerate(shapes, start=1):
            width, name = factor * self.features, f"conv{index}"
            conv = nn.Conv(width, dtype=self.dtype, name=name, **shape, **layer)
            y = nn.leaky_relu(with_kernel_norm(conv, y, self.normalization, train), 0.1)
        y = y.astype(jnp.float32).reshape(y.shape[0], -1)
        dense = nn.Dense(1, name="dense", **layer)
        return with_kernel_norm(dense, y, self.normalization, train)[:, 0]


def _check_size(model, size, features):
    check_positive(model, size=size, features=features)
    if size % 8:
        raise ValueError(f"{model}: size must be a multiple of 8, got {size}")
