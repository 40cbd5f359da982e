from functools import partial

import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.generative.roles import Discriminator, Generator
from imaging_jax.models.layers import Conv, TransposedConv, batch_norm, spectral_norm

_GLOROT = nn.initializers.glorot_uniform()
_SLOPE = 0.01
_NORM = {"momentum": 0.999, "epsilon": 1e-3}


class TFGANGenerator(Generator):
    """The MNIST generator of TF-GAN: two dense layers and 4x4 convolutions with batch norm.

    The defaults have 6,667,297 parameters. Kernels start Glorot uniform.

    Attributes:
        features: channels before the last layer.
        hidden: width of the first dense layer.

    Source: github.com/tensorflow/gan, tensorflow_gan/examples/mnist/networks.py.
    """

    features: int = 32
    hidden: int = 1024

    @nn.compact
    def _draw(self, z, labels, train):
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
        last = Conv(self.channels, (4, 4), name="conv3", **layer)
        return nn.tanh(last(y.astype(jnp.float32)))


class TFGANDiscriminator(Discriminator):
    """The MNIST discriminator of TF-GAN, spectrally normalised but for its last layer.

    The defaults have 6,557,889 parameters. Kernels start Glorot uniform.

    Attributes:
        features: channels after the first layer.
        hidden: width of the dense layer.

    Source: github.com/tensorflow/gan, tensorflow_gan/examples/mnist/networks.py.
    """

    features: int = 64
    hidden: int = 1024

    @nn.compact
    def _judge(self, x, labels, train):
        init = {"kernel_init": _GLOROT, "precision": self.precision}
        layer = {"dtype": self.dtype, **init}
        y = x
        for index in (1, 2):
            width, name = index * self.features, f"conv{index}"
            conv = Conv(width, (4, 4), strides=2, name=name, **layer)
            y = nn.leaky_relu(spectral_norm(conv, y, train), _SLOPE)
        y = y.reshape(y.shape[0], -1)
        dense = nn.Dense(self.hidden, use_bias=False, name="dense1", **layer)
        y = spectral_norm(dense, y, train)
        y = nn.leaky_relu(batch_norm(y, train, "norm1", dtype=self.dtype, **_NORM), _SLOPE)
        return nn.Dense(1, name="dense2", **init)(y.astype(jnp.float32))[:, 0]
