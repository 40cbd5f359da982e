from functools import partial

import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.generative.roles import Discriminator, Generator
from imaging_jax.models.layers import Conv, TransposedConv, batch_norm

_GLOROT = nn.initializers.glorot_uniform()
# Keras' defaults.
_SLOPE = 0.3
_NORM = {"momentum": 0.99, "epsilon": 1e-3}
_DROPPED = 0.3


class TensorFlowDCGANGenerator(Generator):
    """The generator of TensorFlow's DCGAN tutorial for 28x28: a dense layer, 5x5 convolutions.

    The defaults have 2,305,472 parameters. Kernels start Glorot uniform.

    Attributes:
        features: channels before the last layer.

    Source: tensorflow.org/tutorials/generative/dcgan, "The Generator".
    """

    latent: int = 100
    features: int = 64

    @nn.compact
    def _draw(self, z, labels, train):
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

    The defaults have 212,865 parameters. Kernels start Glorot uniform. In training three features
    in ten are dropped, by the stream "dropout".

    Attributes:
        features: channels after the first layer.

    Source: tensorflow.org/tutorials/generative/dcgan, "The Discriminator".
    """

    features: int = 64

    @nn.compact
    def _judge(self, x, labels, train):
        init = {"kernel_init": _GLOROT, "precision": self.precision}
        conv = partial(Conv, kernel_size=(5, 5), strides=2, dtype=self.dtype, **init)
        y = x
        for index in (1, 2):
            y = nn.leaky_relu(conv(index * self.features, name=f"conv{index}")(y), _SLOPE)
            y = nn.Dropout(_DROPPED)(y, deterministic=not train)
        y = y.astype(jnp.float32).reshape(y.shape[0], -1)
        return nn.Dense(1, name="dense", **init)(y)[:, 0]
