from functools import partial
from typing import Any, NamedTuple

import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.generative.roles import Discriminator, Generator
from imaging_jax.models.layers import Conv, LatentWithClass, TransposedConv, batch_norm

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
        size: height and width of the images: 28, or a power of two from 8.
        features: channels before the last layer.
        classes: 0 takes no labels; each class has a learnt vector appended to the latent one.
        embedding: numbers in the vector of a class.

    Source: Radford, Metz, Chintala, "Unsupervised Representation Learning with Deep Convolutional
    Generative Adversarial Networks", ICLR 2016, section 3; sizes of github.com/pytorch/examples,
    dcgan, and at 28x28 of github.com/csinva/gan-vae-pretrained-pytorch, mnist_dcgan.
    """

    latent: int = 100
    size: int = 64
    features: int = 64
    classes: int = 0
    embedding: int = 100

    def _check_fields(self):
        super()._check_fields()
        _plan(self)

    @nn.compact
    def _draw(self, z, labels, train):
        plan = _plan(self)
        settings = {"kernel_init": _KERNEL_INIT, "precision": self.precision}
        layer = {"dtype": self.dtype, **settings}
        widths = [self.features * 2**level for level in reversed(range(plan.enlargements))]
        z = LatentWithClass(self.classes, self.embedding, name="condition")(z, labels)
        first = nn.Dense(16 * widths[0], use_bias=False, name="conv1", **layer)
        y = self._norm(first(z).reshape(-1, 4, 4, widths[0]), train, "norm1")
        for index, width in enumerate(widths[1:], start=2):
            y = TransposedConv(width, name=f"conv{index}", **layer)(y)
            y = self._norm(y, train, f"norm{index}")
        name = f"conv{len(widths) + 1}"
        last = TransposedConv(self.channels, name=name, **plan.last, **settings)
        return nn.tanh(last(y.astype(jnp.float32)))

    def _norm(self, y, train, name):
        return nn.relu(batch_norm(y, train, name, scale_std=_STD, dtype=self.dtype))


class DCGANDiscriminator(Discriminator):
    """DCGAN's discriminator: 4x4 convolutions of stride 2 without biases, LeakyReLU of slope 0.2.

    All but the first and last have batch norm. With 3 channels of 64x64 there are 2,765,568
    parameters, with 3 of 32x32 663,296, with one of 28x28 661,248. Kernels start as N(0, 0.02²),
    the norms' scales as N(1, 0.02²).

    Attributes:
        size: height and width of the images: 28, or a power of two from 8.
        features: channels after the first layer.

    Source: as `DCGANGenerator`.
    """

    size: int = 64
    features: int = 64

    def _check_fields(self):
        super()._check_fields()
        _plan(self)

    @nn.compact
    def _judge(self, x, labels, train):
        plan = _plan(self)
        conv = partial(
            Conv,
            kernel_size=(4, 4),
            strides=2,
            use_bias=False,
            kernel_init=_KERNEL_INIT,
            precision=self.precision,
        )
        y = x
        for level in range(plan.halvings):
            name = f"conv{level + 1}"
            y = conv(self.features * 2**level, padding=1, dtype=self.dtype, name=name)(y)
            if level > 0:
                y = batch_norm(y, train, f"norm{level + 1}", scale_std=_STD, dtype=self.dtype)
            y = nn.leaky_relu(y, 0.2)
        last = conv(1, padding=plan.padding, name=f"conv{plan.halvings + 1}")
        return last(y.astype(jnp.float32)).reshape(-1)


class _Plan(NamedTuple):
    """Layers before the last one of both networks, and how these last ones differ."""

    enlargements: int
    halvings: int
    last: dict[str, Any]
    padding: int


def _plan(network):
    size = network.size
    if size == _MNIST:
        # The generator cuts two pixels off the border of 32x32. The discriminator halves the side
        # to 3, which its last layer pads to 5.
        return _Plan(4, 3, {"kernel_size": 1, "stride": 1, "crop": (2, 2)}, padding=1)
    if size < _SMALLEST or size & (size - 1):
        raise ValueError(
            f"{type(network).__name__}: size must be {_MNIST} or a power of two from {_SMALLEST}, "
            f"got {size}"
        )
    layers = size.bit_length() - 3
    return _Plan(layers, layers, {}, padding=0)
