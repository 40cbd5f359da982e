from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import Conv, check_at_least, check_batch, instance_norm

_STD = 0.02
_KERNEL_INIT = nn.initializers.normal(_STD)
_WIDEST = 8


class PatchDiscriminator(nn.Module):
    """PatchGAN: judges overlapping patches of an image, each by one logit.

    4x4 convolutions, as many of stride 2 as ``halvings`` says and then two of stride 1, all but the
    first and the last with an instance norm, LeakyReLU of slope 0.2. A logit sees 16, 34, 70, 142,
    286 pixels a side for 1 to 5 halvings; for none there are 1x1 convolutions, and it sees one.
    With 3 halvings and 6 channels there are 2,768,705 parameters; of 3 channels, where norms have
    no scales, 2,764,737. Kernels start as N(0, 0.02²), the norms' scales as N(1, 0.02²).

    Attributes:
        features: channels after the first layer.
        halvings: convolutions of stride 2; not negative.
        scaled_norm: whether norms have scales and offsets, as pix2pix' do, which replace the
            convolutions' biases.
        dtype: type of computation; parameters and the last layer are float32.
        precision: of the convolutions.

    Raises:
        ValueError: on images too small for a logit, or a field out of its range.

    Source: Isola, Zhu, Zhou, Efros, CVPR 2017, appendix 6.1.2; sizes of
    github.com/phillipi/pix2pix.
    """

    features: int = 64
    halvings: int = 3
    scaled_norm: bool = True
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    takes: ClassVar[tuple[str, ...]] = ("signed_image",)

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Judges images.

        Args:
            x: ``(N, H, W, C)`` in [-1, 1]; a conditional one is given the input's channels too.

        Returns:
            ``(N, h, w)`` logits, float32, large for what looks real.
        """
        name = type(self).__name__
        check_at_least(1, name, features=self.features)
        check_at_least(0, name, halvings=self.halvings)
        check_batch(x, "x", (None, None, None), name)
        least = 3 * 2**self.halvings if self.halvings else 1
        if min(x.shape[1:3]) < least:
            raise ValueError(
                f"{name}: {self.halvings} halvings want images of {least}x{least} at least, got "
                f"{x.shape[1]}x{x.shape[2]}"
            )
        if not self.halvings:
            return self._of_pixels(x)
        y = nn.leaky_relu(self._conv(self.features, 2, "conv1", bias=True)(x), 0.2)
        for index in range(2, self.halvings + 2):
            width = self.features * min(_WIDEST, 2 ** (index - 1))
            stride = 2 if index <= self.halvings else 1
            y = self._conv(width, stride, f"conv{index}")(y)
            y = nn.leaky_relu(self._norm(y, f"norm{index}"), 0.2)
        return self._last(y, 4, self.halvings + 2)

    def _of_pixels(self, x):
        y = nn.leaky_relu(self._conv(self.features, 1, "conv1", size=1, bias=True)(x), 0.2)
        y = self._norm(self._conv(2 * self.features, 1, "conv2", size=1)(y), "norm2")
        return self._last(nn.leaky_relu(y, 0.2), 1, 3)

    def _last(self, y, size, index):
        # The paper's of single pixels has no bias.
        bias = size > 1 or not self.scaled_norm
        last = self._conv(1, 1, f"conv{index}", size=size, bias=bias, dtype=jnp.float32)
        return last(y.astype(jnp.float32))[..., 0]

    def _conv(self, width, stride, name, *, size=4, bias=False, dtype=None):
        return Conv(
            width,
            (size, size),
            strides=stride,
            padding=1 if size > 1 else 0,
            use_bias=bias or not self.scaled_norm,
            kernel_init=_KERNEL_INIT,
            dtype=dtype or self.dtype,
            precision=self.precision,
            name=name,
        )

    def _norm(self, y, name):
        return instance_norm(y, name, scaled=self.scaled_norm, scale_std=_STD, dtype=self.dtype)
