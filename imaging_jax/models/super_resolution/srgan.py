from functools import partial

import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.generative.roles import Discriminator
from imaging_jax.models.layers import Conv, batch_norm, check_batch, check_choice

_HEADS = ("dense", "pooled")

_SLOPE = 0.2


class SRGANDiscriminator(Discriminator):
    """SRGAN's discriminator: eight 3x3 convolutions, of which four halve the side, and a head.

    All convolutions but the first have batch norm; LeakyReLU has slope 0.2. Of 96x96 patches in
    colour there are 23,565,505 parameters, with the pooled head, of patches of any size,
    5,215,425. Kernels start LeCun normal. `SRResNet` is the generator.

    Attributes:
        size: height and width of the patches; the pooled head takes any others too.
        features: channels after the first layer.
        hidden: width of the layer before the last.
        head: what follows the convolutions: "dense" layers on all pixels as in the paper, or on
            the "pooled" channels, their means over the pixels, as in many ports.

    Source: Ledig et al., "Photo-Realistic Single Image Super-Resolution Using a Generative
    Adversarial Network", CVPR 2017, section 2.1.2 and figure 4; the pooled head of
    github.com/leftthomas/SRGAN.
    """

    channels: int = 3
    size: int = 96
    features: int = 64
    hidden: int = 1024
    head: str = "dense"

    def _check_fields(self):
        super()._check_fields()
        check_choice(type(self).__name__, "head", self.head, _HEADS)

    def _check_image(self, x):
        if self.head == "pooled":
            check_batch(x, "x", (None, None, self.channels), type(self).__name__)
        else:
            super()._check_image(x)

    @nn.compact
    def _judge(self, x, labels, train):
        conv = partial(
            Conv, kernel_size=(3, 3), padding=1, dtype=self.dtype, precision=self.precision
        )
        y = nn.leaky_relu(conv(self.features, name="conv1")(x), _SLOPE)
        for index in range(2, 9):
            width = self.features * 2 ** ((index - 1) // 2)
            y = conv(width, strides=1 + (index % 2 == 0), name=f"conv{index}")(y)
            y = batch_norm(y, train, f"norm{index}", dtype=self.dtype)
            y = nn.leaky_relu(y, _SLOPE)
        y = y.mean(axis=(1, 2)) if self.head == "pooled" else y.reshape(y.shape[0], -1)
        dense1 = nn.Dense(self.hidden, dtype=self.dtype, precision=self.precision, name="dense1")
        y = nn.leaky_relu(dense1(y), _SLOPE).astype(jnp.float32)
        return nn.Dense(1, precision=self.precision, name="dense2")(y)[:, 0]
