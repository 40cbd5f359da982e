from typing import ClassVar

import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import (
    Conv,
    TransposedConv,
    check_at_least,
    instance_norm,
)
from imaging_jax.models.translation.roles import Translator

_KERNEL_INIT = nn.initializers.normal(0.02)
_HALVINGS = 2


class ResNetGenerator(Translator):
    """CycleGAN's generator: two halvings, residual blocks, two doublings.

    Images and the features of blocks continue mirrored, those that are halved by zeros; every
    convolution but the last is followed by an instance norm without scales and by ReLU, the second
    of a block by the norm alone. With 3 channels and 9 blocks there are 11,378,179 parameters, with
    6 blocks 7,837,699, with one input channel and 9 blocks 11,371,907. Kernels start as
    N(0, 0.02²).

    Attributes:
        blocks: residual blocks: 9 for images of 256x256, 6 for smaller ones.

    Source: Zhu, Park, Isola, Efros, "Unpaired Image-to-Image Translation using Cycle-Consistent
    Adversarial Networks", ICCV 2017, appendix 7.2.
    """

    blocks: int = 9

    divisor: ClassVar[int] = 2**_HALVINGS

    def _check_fields(self):
        super()._check_fields()
        check_at_least(1, type(self).__name__, blocks=self.blocks)

    @nn.compact
    def _translate(self, x):
        y = self._layer(_mirrored(x, 3), self.features, 7, "conv1")
        for level in range(1, _HALVINGS + 1):
            width = self.features * 2**level
            y = self._layer(y, width, 3, f"down{level}", strides=2, padding=1)
        for index in range(1, self.blocks + 1):
            change = self._layer(_mirrored(y, 1), width, 3, f"block{index}_conv1")
            change = self._conv(_mirrored(change, 1), width, 3, f"block{index}_conv2")
            y = y + self._norm(change, f"block{index}_norm2")
        for level in reversed(range(_HALVINGS)):
            y = self._up(y, self.features * 2**level, f"up{level + 1}")
        last = _mirrored(y, 3).astype(jnp.float32)
        return nn.tanh(self._conv(last, self.channels, 7, "conv2", dtype=jnp.float32))

    def _layer(self, x, width, size, name, **settings):
        return nn.relu(self._norm(self._conv(x, width, size, name, **settings), f"{name}_norm"))

    def _up(self, y, width, name):
        y = TransposedConv(
            width,
            kernel_size=3,
            # Torch's padding 1 and output padding 1.
            crop=(1, 0),
            use_bias=True,
            kernel_init=_KERNEL_INIT,
            dtype=self.dtype,
            precision=self.precision,
            name=name,
        )(y)
        return nn.relu(self._norm(y, f"{name}_norm"))

    def _conv(self, x, width, size, name, *, strides=1, padding=0, dtype=None):
        return Conv(
            width,
            (size, size),
            strides=strides,
            padding=padding,
            kernel_init=_KERNEL_INIT,
            dtype=dtype or self.dtype,
            precision=self.precision,
            name=name,
        )(x)

    def _norm(self, y, name):
        return instance_norm(y, name, scaled=False, dtype=self.dtype)


def _mirrored(x, margin):
    return jnp.pad(x, [(0, 0), (margin, margin), (margin, margin), (0, 0)], mode="reflect")
