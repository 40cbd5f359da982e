from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.generative.roles import Discriminator, Generator
from imaging_jax.models.layers import (
    NORMALIZATIONS,
    ClassPlane,
    ClassProjection,
    LatentWithClass,
    TransposedConv,
    batch_norm,
    check_choice,
    check_images,
    check_labels,
    check_latent,
    check_positive,
    with_kernel_norm,
)

CONDITIONING = ("projection", "plane")

_STD = 0.02
_KERNEL_INIT = nn.initializers.normal(_STD)
_SMALLEST = 8
_MNIST = 28


class DCGANGenerator(Generator):
    """DCGAN's generator: transposed 4x4 convolutions double the side, batch norm, ReLU, tanh.

    The first one enlarges a single pixel to 4x4, which is a dense layer. With 3 channels of 64x64
    there are 3,576,704 parameters, with 3 of 32x32 1,068,928. 28x28 is 32x32 at the channels of
    64x64, cut at the border, and a 1x1 convolution. Kernels start as N(0, 0.02²), the norms'
    scales as N(1, 0.02²).

    Attributes:
        latent: numbers in a latent vector.
        channels: image channels.
        size: height and width of the images: 28, or a power of two from 8.
        features: channels before the last layer.
        classes: 0 takes no labels; each class has a learnt vector appended to the latent one.
        embedding: numbers in the vector of a class.
        dtype: type of computation; parameters and the last layer are float32.
        precision: of the convolutions.

    Raises:
        ValueError: on another latent vector, labels missing or not taken, another size, or a field
            below 1.

    Source: Radford, Metz, Chintala, "Unsupervised Representation Learning with Deep Convolutional
    Generative Adversarial Networks", ICLR 2016, section 3; sizes of github.com/pytorch/examples,
    dcgan, and at 28x28 of github.com/csinva/gan-vae-pretrained-pytorch, mnist_dcgan.
    """

    latent: int = 100
    channels: int = 1
    size: int = 64
    features: int = 64
    classes: int = 0
    embedding: int = 100
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
            labels: ``(N,)`` integers below ``classes``, or None.
            train: take the batch's statistics.

        Returns:
            ``(N, size, size, channels)`` in [-1, 1].
        """
        model = type(self).__name__
        check_positive(model, features=self.features, embedding=self.embedding)
        widths = _widths(model, self.size, self.features)
        check_latent(z, self.latent, model)
        check_labels(labels, self.classes, z.shape[0], model)
        settings = {"kernel_init": _KERNEL_INIT, "precision": self.precision}
        z = LatentWithClass(self.classes, self.embedding, name="condition")(z, labels)
        first = nn.Dense(
            16 * widths[-1], use_bias=False, dtype=self.dtype, name="conv1", **settings
        )
        y = first(z).reshape(-1, 4, 4, widths[-1])
        y = self._norm(y, train, "norm1")
        for index, width in enumerate(widths[-2::-1], start=2):
            y = TransposedConv(width, dtype=self.dtype, name=f"conv{index}", **settings)(y)
            y = self._norm(y, train, f"norm{index}")
        y = y.astype(jnp.float32)
        name = f"conv{len(widths) + 1}"
        if self.size == _MNIST:
            last = nn.Conv(self.channels, (1, 1), use_bias=False, name=name, **settings)
            return nn.tanh(last(y[:, 2:-2, 2:-2]))
        return nn.tanh(TransposedConv(self.channels, name=name, **settings)(y))

    def _norm(self, y, train, name):
        return nn.relu(batch_norm(y, train, name, scale_std=_STD, dtype=self.dtype))


class DCGANDiscriminator(Discriminator):
    """DCGAN's discriminator: 4x4 convolutions of stride 2 without biases, LeakyReLU of slope 0.2.

    With 3 channels of 64x64 there are 2,765,568 parameters, with 3 of 32x32 663,296, with one of
    28x28 661,248. Kernels start as N(0, 0.02²), the norms' scales as N(1, 0.02²).

    Attributes:
        channels: image channels.
        size: height and width of the images: 28, or a power of two from 8.
        features: channels after the first layer.
        normalization: "batch" norm after every layer but the first and last, "spectral" of every
            layer, or "none".
        classes: 0 takes no labels.
        conditioning: "projection" adds the inner product of the features with a learnt vector of
            the class to the logit, "plane" appends a learnt plane of the class to the image.
        plane_std: the planes start as N(0, plane_std²).
        dtype: type of computation; parameters and the last layer are float32.
        precision: of the convolutions.

    Raises:
        ValueError: on another image, labels missing or not taken, another size, a field below 1,
            another normalization or conditioning.

    Source: Radford, Metz, Chintala, "Unsupervised Representation Learning with Deep Convolutional
    Generative Adversarial Networks", ICLR 2016, section 3; sizes of github.com/pytorch/examples,
    dcgan, and at 28x28 of github.com/csinva/gan-vae-pretrained-pytorch, mnist_dcgan.
    """

    channels: int = 1
    size: int = 64
    features: int = 64
    normalization: str = "batch"
    classes: int = 0
    conditioning: str = "projection"
    plane_std: float = 1.0
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
            labels: ``(N,)`` integers below ``classes``, or None.
            train: take the batch's statistics; spectral normalisation keeps its new vectors.

        Returns:
            ``(N,)`` logits, float32.
        """
        model = type(self).__name__
        check_choice(model, "normalization", self.normalization, NORMALIZATIONS)
        check_choice(model, "conditioning", self.conditioning, CONDITIONING)
        check_positive(model, features=self.features)
        # At 28x28 the convolutions halve the side to 3, which the last one pads to 5.
        size = 32 if self.size == _MNIST else self.size
        widths = _widths(model, size, self.features)
        check_images(x, self.image_shape, model)
        check_labels(labels, self.classes, x.shape[0], model)
        y = x
        if self.classes and self.conditioning == "plane":
            y = ClassPlane(self.classes, self.plane_std, name="plane")(x, labels)
        conv = partial(
            nn.Conv,
            kernel_size=(4, 4),
            strides=2,
            use_bias=False,
            kernel_init=_KERNEL_INIT,
            precision=self.precision,
        )
        for index, width in enumerate(widths, start=1):
            layer = conv(width, padding=1, dtype=self.dtype, name=f"conv{index}")
            y = with_kernel_norm(layer, y, self.normalization, train)
            if index > 1 and self.normalization == "batch":
                y = batch_norm(y, train, f"norm{index}", scale_std=_STD, dtype=self.dtype)
            y = nn.leaky_relu(y, 0.2)
        y = y.astype(jnp.float32)
        last = conv(1, padding=int(self.size == _MNIST), name=f"conv{len(widths) + 1}")
        logit = with_kernel_norm(last, y, self.normalization, train).reshape(-1)
        if self.classes and self.conditioning == "projection":
            spectral = self.normalization == "spectral"
            projection = ClassProjection(self.classes, spectral, name="projection")
            logit += projection(y, labels, train)
        return logit


def _widths(model, size, features):
    """Channels at half the size, at a quarter, and so on down to 4x4."""
    if size == _MNIST:
        size = 64
    if size < _SMALLEST or size & (size - 1):
        raise ValueError(
            f"{model}: size must be {_MNIST} or a power of two from {_SMALLEST}, got {size}"
        )
    return [features * 2**level for level in range(size.bit_length() - 3)]
