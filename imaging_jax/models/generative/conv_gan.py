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
UPSAMPLING = ("transposed", "resize")

_STD = 0.02
_KERNEL_INIT = nn.initializers.normal(_STD)


class ConvGenerator(Generator):
    """A small DCGAN generator: a dense layer, two enlargements by 2 with batch norm, tanh.

    The defaults have 110,777 parameters, 136,025 with 10 classes; with "resize" 106,297 and
    131,545. Each class has a learnt vector that is appended to the latent one. Kernels start as
    N(0, 0.02²), the norms' scales as N(1, 0.02²).

    Attributes:
        latent: numbers in a latent vector.
        channels: image channels.
        size: height and width of the images, a multiple of 4.
        features: channels before the last layer.
        upsampling: "transposed" 4x4 convolutions of stride 2, or "resize" to the nearest pixel and
            a 3x3 convolution, which leaves no checkerboard.
        classes: 0 takes no labels.
        embedding: numbers in the vector of a class.
        dtype: type of computation; parameters and the last layer are float32.
        precision: of the convolutions.

    Raises:
        ValueError: on another latent vector, labels missing or not taken, a size that is no
            multiple of 4, a field below 1 or another upsampling.

    Source: the rules of Radford, Metz, Chintala, "Unsupervised Representation Learning with Deep
    Convolutional Generative Adversarial Networks", ICLR 2016, section 3; resize convolutions of
    Odena, Dumoulin, Olah, "Deconvolution and Checkerboard Artifacts", Distill 2016.
    """

    latent: int = 64
    channels: int = 1
    size: int = 28
    features: int = 8
    upsampling: str = "transposed"
    classes: int = 0
    embedding: int = 16
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
        check_choice(model, "upsampling", self.upsampling, UPSAMPLING)
        _check_size(model, self.size, features=self.features, embedding=self.embedding)
        check_latent(z, self.latent, model)
        check_labels(labels, self.classes, z.shape[0], model)
        side, widest = self.size // 4, 4 * self.features
        z = LatentWithClass(self.classes, self.embedding, name="condition")(z, labels)
        init = {"kernel_init": _KERNEL_INIT, "precision": self.precision}
        layer = {"dtype": self.dtype, **init}
        y = nn.Dense(side * side * widest, use_bias=False, name="dense", **layer)(z)
        y = y.reshape(-1, side, side, widest)
        y = self._norm(y, train, "norm0")
        for index, features in enumerate((2 * self.features, self.features), start=1):
            if self.upsampling == "transposed":
                y = TransposedConv(features, name=f"conv{index}", **layer)(y)
            else:
                y = jnp.repeat(jnp.repeat(y, 2, axis=1), 2, axis=2)
                y = nn.Conv(features, (3, 3), use_bias=False, name=f"conv{index}", **layer)(y)
            y = self._norm(y, train, f"norm{index}")
        last = nn.Conv(self.channels, (3, 3), name="conv3", **init)
        return nn.tanh(last(y.astype(jnp.float32)))

    def _norm(self, y, train, name):
        return nn.relu(batch_norm(y, train, name, scale_std=_STD, dtype=self.dtype))


class ConvDiscriminator(Discriminator):
    """A small DCGAN discriminator: two convolutions of stride 2, one of stride 1, a dense layer.

    The defaults have 8,505 parameters, 8,825 with 10 classes by projection; with 16 features
    30,321, 30,961 by projection and 38,417 by a plane. Kernels start as N(0, 0.02²), the norms'
    scales as N(1, 0.02²); without normalization kernels start He normal, lest the logits vanish.

    Attributes:
        channels: image channels.
        size: height and width of the images, a multiple of 4.
        features: channels after the first layer.
        normalization: "batch" norm after the second and third convolution, "spectral" of every
            layer, or "none".
        classes: 0 takes no labels.
        conditioning: "projection" adds the inner product of the features with a learnt vector of
            the class to the logit, "plane" appends a learnt plane of the class to the image.
        plane_std: the planes start as N(0, plane_std²).
        dtype: type of computation; parameters and the last layer are float32.
        precision: of the convolutions.

    Raises:
        ValueError: on another image, labels missing or not taken, a size that is no multiple of 4,
            a field below 1, another normalization or conditioning.

    Source: the rules of Radford, Metz, Chintala, "Unsupervised Representation Learning with Deep
    Convolutional Generative Adversarial Networks", ICLR 2016, section 3; projection by Miyato,
    Koyama, "cGANs with Projection Discriminator", ICLR 2018, equation 4.
    """

    channels: int = 1
    size: int = 28
    features: int = 8
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
        _check_size(model, self.size, features=self.features)
        check_images(x, self.image_shape, model)
        check_labels(labels, self.classes, x.shape[0], model)
        y = x
        if self.classes and self.conditioning == "plane":
            y = ClassPlane(self.classes, self.plane_std, name="plane")(x, labels)
        he = self.normalization == "none"
        init = {
            "kernel_init": nn.initializers.he_normal() if he else _KERNEL_INIT,
            "precision": self.precision,
        }
        conv = partial(nn.Conv, dtype=self.dtype, **init)
        half = {"kernel_size": (4, 4), "strides": 2, "padding": 1}
        y = with_kernel_norm(
            conv(self.features, name="conv1", **half), y, self.normalization, train
        )
        y = nn.leaky_relu(y, 0.2)
        for index, settings in ((2, half), (3, {"kernel_size": (3, 3)})):
            layer = conv(2 ** (index - 1) * self.features, name=f"conv{index}", **settings)
            y = with_kernel_norm(layer, y, self.normalization, train)
            if self.normalization == "batch":
                y = batch_norm(y, train, f"norm{index}", scale_std=_STD, dtype=self.dtype)
            y = nn.leaky_relu(y, 0.2)
        y = y.astype(jnp.float32)
        dense = nn.Dense(1, name="dense", **init)
        logit = with_kernel_norm(dense, y.reshape(y.shape[0], -1), self.normalization, train)[:, 0]
        if self.classes and self.conditioning == "projection":
            spectral = self.normalization == "spectral"
            projection = ClassProjection(self.classes, spectral, name="projection")
            logit += projection(y, labels, train)
        return logit


def _check_size(model, size, **positive):
    check_positive(model, size=size, **positive)
    if size % 4:
        raise ValueError(f"{model}: size must be a multiple of 4, got {size}")
