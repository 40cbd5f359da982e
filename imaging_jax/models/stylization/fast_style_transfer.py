from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import (
    Conv,
    TransposedConv,
    check_at_least,
    check_batch,
    instance_norm,
)

_BLOCKS = 5
_RANGE = 150.0
_KERNEL_INIT = nn.initializers.truncated_normal(0.1)


class FastStyleTransfer(nn.Module):
    """Engstrom's feed-forward network: one style, given to any image in one pass.

    Zeros around the image, an instance norm after every convolution and no bias. With 32 features
    there are 1,677,638 parameters; `fast_style_wave` of `imaging_jax.pretrained` fills them.
    Kernels start truncated normal.

    Attributes:
        features: width at full resolution; twice and four times as many below.
        dtype: type of computation; parameters are float32.
        precision: of the convolutions.

    Raises:
        ValueError: on images that aren't RGB, or features below 1.

    Source: github.com/lengstrom/fast-style-transfer, after Johnson, Alahi, Fei-Fei, ECCV 2016, and
    Ulyanov, Vedaldi, Lempitsky, "Instance Normalization: The Missing Ingredient for Fast
    Stylization", 2016.
    """

    features: int = 32
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    takes: ClassVar[tuple[str, ...]] = ("image",)
    channels: ClassVar[int] = 3

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Maps ``(N, H, W, 3)`` to the same size, nominally in [0, 1]; `train` changes nothing."""
        del train
        check_batch(x, "x", (None, None, self.channels), "FastStyleTransfer")
        check_at_least(1, "FastStyleTransfer", features=self.features)
        height, width = x.shape[-3:-1]
        y = nn.relu(self._conv(255 * x, self.features, 9, "conv1"))
        for level in (1, 2):
            y = nn.relu(self._conv(y, self.features * 2**level, 3, f"down{level}", strides=2))
        for index in range(1, _BLOCKS + 1):
            change = nn.relu(self._conv(y, y.shape[-1], 3, f"block{index}_conv1"))
            y = y + self._conv(change, y.shape[-1], 3, f"block{index}_conv2")
        for level in (1, 0):
            y = nn.relu(self._up(y, self.features * 2**level, f"up{level + 1}"))
        y = self._conv(y, self.channels, 9, "conv2").astype(jnp.float32)
        # Of sides that aren't multiples of 4 there are pixels more.
        y = y[..., :height, :width, :]
        return (_RANGE * nn.tanh(y) + 127.5) / 255

    def _conv(self, x, width, size, name, *, strides=1):
        y = Conv(
            width,
            (size, size),
            strides=strides,
            use_bias=False,
            kernel_init=_KERNEL_INIT,
            dtype=self.dtype,
            precision=self.precision,
            name=name,
        )(x)
        return self._norm(y, name)

    def _up(self, x, width, name):
        y = TransposedConv(
            width,
            kernel_size=3,
            # TensorFlow's "SAME".
            crop=(0, 1),
            kernel_init=_KERNEL_INIT,
            dtype=self.dtype,
            precision=self.precision,
            name=name,
        )(x)
        return self._norm(y, name)

    def _norm(self, y, name):
        return instance_norm(y, f"{name}_norm", epsilon=1e-3, dtype=self.dtype)
