from functools import partial

import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.generative.roles import Discriminator, Generator
from imaging_jax.models.layers import (
    ClassPlane,
    ClassProjection,
    Conv,
    LatentWithClass,
    TransposedConv,
    batch_norm,
    check_choice,
    spectral_norm,
)

CONDITIONING = ("projection", "plane")
NORMALIZATIONS = ("batch", "spectral", "none")
UPSAMPLING = ("transposed", "resize")

_STD = 0.02
_KERNEL_INIT = nn.initializers.normal(_STD)
_EMBEDDING = 16


class ConvGenerator(Generator):
    """A small DCGAN generator: a dense layer, two enlargements by 2 with batch norm, tanh.

    The defaults have 110,777 parameters, 136,025 with 10 classes; with "resize" 106,297 and
    131,545. Each class has 16 learnt numbers that are appended to the latent ones. Kernels start
    as N(0, 0.02²), the norms' scales as N(1, 0.02²).

    Attributes:
        size: height and width of the images, a multiple of 4.
        features: channels before the last layer.
        upsampling: "transposed" 4x4 convolutions of stride 2, or "resize" to the nearest pixel and
            a 3x3 convolution, which leaves no checkerboard.
        classes: 0 takes no labels.

    Source: the rules of Radford, Metz, Chintala, "Unsupervised Representation Learning with Deep
    Convolutional Generative Adversarial Networks", ICLR 2016, section 3; resize convolutions of
    Odena, Dumoulin, Olah, "Deconvolution and Checkerboard Artifacts", Distill 2016.
    """

    size: int = 28
    features: int = 8
    upsampling: str = "transposed"
    classes: int = 0

    def _check_fields(self):
        super()._check_fields()
        check_choice(type(self).__name__, "upsampling", self.upsampling, UPSAMPLING)
        _check_size(self)

    @nn.compact
    def _draw(self, z, labels, train):
        side, widest = self.size // 4, 4 * self.features
        z = LatentWithClass(self.classes, _EMBEDDING, name="condition")(z, labels)
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
                y = Conv(features, (3, 3), use_bias=False, name=f"conv{index}", **layer)(y)
            y = self._norm(y, train, f"norm{index}")
        last = Conv(self.channels, (3, 3), name="conv3", **init)
        return nn.tanh(last(y.astype(jnp.float32)))

    def _norm(self, y, train, name):
        return nn.relu(batch_norm(y, train, name, scale_std=_STD, dtype=self.dtype))


class ConvDiscriminator(Discriminator):
    """A small DCGAN discriminator: two convolutions of stride 2, one of stride 1, a dense layer.

    The defaults have 8,505 parameters, 8,825 with 10 classes by projection; with 16 features
    30,321, 30,961 by projection and 38,417 by a plane. Kernels start as N(0, 0.02²), the norms'
    scales as N(1, 0.02²); without normalization kernels start He normal, lest the logits vanish.

    Attributes:
        size: height and width of the images, a multiple of 4.
        features: channels after the first layer.
        normalization: "batch" norm after the second and third convolution, "spectral" of every
            layer, or "none".
        classes: 0 takes no labels.
        conditioning: "projection" adds the inner product of the features with a learnt vector of
            the class to the logit, "plane" appends a learnt plane of the class to the image.
        plane_std: the planes start as N(0, plane_std²).

    Source: the rules of Radford, Metz, Chintala, "Unsupervised Representation Learning with Deep
    Convolutional Generative Adversarial Networks", ICLR 2016, section 3; projection by Miyato,
    Koyama, "cGANs with Projection Discriminator", ICLR 2018, equation 4.
    """

    size: int = 28
    features: int = 8
    normalization: str = "batch"
    classes: int = 0
    conditioning: str = "projection"
    plane_std: float = 1.0

    def _check_fields(self):
        super()._check_fields()
        model = type(self).__name__
        check_choice(model, "normalization", self.normalization, NORMALIZATIONS)
        check_choice(model, "conditioning", self.conditioning, CONDITIONING)
        _check_size(self)

    @nn.compact
    def _judge(self, x, labels, train):
        y = x
        if self.classes and self.conditioning == "plane":
            y = ClassPlane(self.classes, self.plane_std, name="plane")(x, labels)
        he = self.normalization == "none"
        init = {
            "kernel_init": nn.initializers.he_normal() if he else _KERNEL_INIT,
            "precision": self.precision,
        }
        conv = partial(Conv, dtype=self.dtype, **init)
        half = {"kernel_size": (4, 4), "strides": 2, "padding": 1}
        for index, settings in ((1, half), (2, half), (3, {"kernel_size": (3, 3)})):
            layer = conv(2 ** (index - 1) * self.features, name=f"conv{index}", **settings)
            y = self._with_kernel_norm(layer, y, train)
            if self.normalization == "batch" and index > 1:
                y = batch_norm(y, train, f"norm{index}", scale_std=_STD, dtype=self.dtype)
            y = nn.leaky_relu(y, 0.2)
        y = y.astype(jnp.float32)
        dense = nn.Dense(1, name="dense", **init)
        logit = self._with_kernel_norm(dense, y.reshape(y.shape[0], -1), train)[:, 0]
        if self.classes and self.conditioning == "projection":
            spectral = self.normalization == "spectral"
            projection = ClassProjection(self.classes, spectral, name="projection")
            logit += projection(y, labels, train)
        return logit

    def _with_kernel_norm(self, layer, x, train):
        return spectral_norm(layer, x, train) if self.normalization == "spectral" else layer(x)


def _check_size(network):
    if network.size % 4:
        raise ValueError(
            f"{type(network).__name__}: size must be a multiple of 4, got {network.size}"
        )
