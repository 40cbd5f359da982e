import math

import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.generative.roles import Discriminator, Generator
from imaging_jax.models.layers import fan_in_uniform, torch_kernel


class MLPGenerator(Generator):
    """The generator of the first GANs: two hidden dense layers with ReLU, tanh at the end.

    The defaults have 283,920 parameters. Kernels and biases start uniform in ±1/sqrt(fan_in).

    Attributes:
        size: height and width of the images.
        features: width of the hidden layers.

    Source: Goodfellow et al., "Generative Adversarial Nets", NIPS 2014, section 5; sizes of
    github.com/csinva/gan-vae-pretrained-pytorch, mnist_gan_mlp.
    """

    size: int = 28
    features: int = 256

    @nn.compact
    def _draw(self, z, labels, train):
        y = nn.relu(_dense(self, self.features, z, self.dtype, "dense1")(z))
        y = nn.relu(_dense(self, self.features, y, self.dtype, "dense2")(y))
        y = _dense(self, math.prod(self.image_shape), y, jnp.float32, "dense3")(y)
        return nn.tanh(y).reshape(-1, *self.image_shape)


class MLPDiscriminator(Discriminator):
    """The discriminator of `MLPGenerator`: dense layers with LeakyReLU of slope 0.2.

    The defaults have 267,009 parameters. Kernels and biases start uniform in ±1/sqrt(fan_in).

    Attributes:
        size: height and width of the images.
        features: width of the hidden layers.

    Source: as `MLPGenerator`.
    """

    size: int = 28
    features: int = 256

    @nn.compact
    def _judge(self, x, labels, train):
        y = x.reshape(x.shape[0], -1)
        y = nn.leaky_relu(_dense(self, self.features, y, self.dtype, "dense1")(y), 0.2)
        y = nn.leaky_relu(_dense(self, self.features, y, self.dtype, "dense2")(y), 0.2)
        return _dense(self, 1, y, jnp.float32, "dense3")(y)[:, 0]


def _dense(module, features, x, dtype, name):
    return nn.Dense(
        features,
        kernel_init=torch_kernel,
        bias_init=fan_in_uniform(x.shape[-1]),
        dtype=dtype,
        precision=module.precision,
        name=name,
    )
