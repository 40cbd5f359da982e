import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import (
    Conv,
    TransposedConv,
    check_at_least,
    instance_norm,
)
from imaging_jax.models.translation.roles import Translator

_STD = 0.02
_KERNEL_INIT = nn.initializers.normal(_STD)
# Layers of the decoder whose features are dropped, as the first of its code.
_DROPPED = 3
# The widest layer over the first.
_WIDEST = 8


class UNetGenerator(Translator):
    """pix2pix' U-Net: 4x4 convolutions halve the side to a single pixel, and a decoder doubles it.

    The output of each encoder layer is appended to that of the decoder layer of its size. Half of
    the features of the three innermost decoder layers are dropped, always: that is the paper's
    noise. With 3 channels and 8 levels there are 54,413,955 parameters, with 6 levels of 16
    features 1,830,563. Kernels start as N(0, 0.02²), the norms' scales as N(1, 0.02²).

    The paper has batch norm by the statistics of a batch of one, also when it is applied. That is
    an instance norm, which this has for batches of any size.

    Attributes:
        levels: halvings; images are multiples of ``2^levels`` in height and width.

    Source: Isola, Zhu, Zhou, Efros, "Image-to-Image Translation with Conditional Adversarial
    Networks", CVPR 2017, appendix 6.1; sizes of github.com/phillipi/pix2pix.
    """

    levels: int = 8

    @property
    def divisor(self) -> int:
        """The image becomes a single pixel."""
        return 2**self.levels

    def _check_fields(self):
        super()._check_fields()
        check_at_least(1, type(self).__name__, levels=self.levels)

    @nn.compact
    def _translate(self, x):
        return self._decode(self._encode(x))

    def _decode(self, encoded):
        """The image, of what the encoder's layers gave, the last of which is a single pixel."""
        *encoded, y = encoded
        for level in reversed(range(1, self.levels)):
            y = self._up(nn.relu(y), self._width(level), level)
            if self.levels - level <= _DROPPED:
                y = nn.Dropout(0.5, deterministic=False)(y)
            y = jnp.concatenate([y, encoded.pop()], axis=-1)
        last = TransposedConv(
            self.channels,
            use_bias=True,
            kernel_init=_KERNEL_INIT,
            precision=self.precision,
            name="up1",
        )
        return nn.tanh(last(nn.relu(y).astype(jnp.float32)))

    def _encode(self, x):
        """The outputs of all encoder layers, before the activation of the next."""
        encoded = []
        for level in range(1, self.levels + 1):
            # Neither the first nor a single pixel has a norm.
            plain = level in (1, self.levels)
            x = Conv(
                self._width(level),
                (4, 4),
                strides=2,
                padding=1,
                use_bias=False,
                kernel_init=_KERNEL_INIT,
                dtype=self.dtype,
                precision=self.precision,
                name=f"down{level}",
            )(x)
            if not plain:
                x = instance_norm(x, f"down{level}_norm", scale_std=_STD, dtype=self.dtype)
            encoded.append(x)
            x = nn.leaky_relu(x, 0.2)
        return encoded

    def _up(self, y, width, level):
        y = TransposedConv(
            width,
            kernel_init=_KERNEL_INIT,
            dtype=self.dtype,
            precision=self.precision,
            name=f"up{level + 1}",
        )(y)
        return instance_norm(y, f"up{level + 1}_norm", scale_std=_STD, dtype=self.dtype)

    def _width(self, level):
        return self.features * min(_WIDEST, 2 ** (level - 1))
