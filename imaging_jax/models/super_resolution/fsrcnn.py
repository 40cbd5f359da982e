from functools import partial
from typing import Any, ClassVar, Literal

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from imaging_jax.models.layers import Conv, PReLU, check_at_least, check_channels, convolve
from imaging_jax.transforms import depth_to_space

_DECONVOLUTION_SIZE = 9


class FSRCNN(nn.Module):
    """FSRCNN: feature extraction, shrinking, mapping, expanding and deconvolution, on small images.

    The input is the low-resolution luminance in [0, 1]. 12,809 parameters at every scale with the
    defaults; FSRCNN-s is ``d=32, s=5, m=1`` with 4,086. Kernels start He normal, the last one
    normal with standard deviation 0.001; a PReLU with a slope a channel follows every layer but
    the last.

    Attributes:
        scale: enlargement, at least 1.
        channels: image channels.
        d: width of feature extraction and expansion.
        s: width of the mapping layers.
        m: number of mapping layers.
        upsampling: "transposed", the paper's 9x9 transposed convolution, or "sub_pixel", a 1x1
            convolution and a pixel shuffle, as OpenCV's published files have it (8,777 parameters
            at x3).
        dtype: type of computation; parameters are float32.
        precision: of the convolutions.

    Raises:
        ValueError: on another number of channels, a scale below 1 or an unknown upsampling.

    Source: Dong, Loy, Tang, "Accelerating the Super-Resolution Convolutional Neural Network",
    ECCV 2016, section 3.2; a PReLU after each mapping layer as in the released definition.
    """

    scale: int
    channels: int = 1
    d: int = 56
    s: int = 12
    m: int = 4
    upsampling: Literal["transposed", "sub_pixel"] = "transposed"
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    takes: ClassVar[tuple[str, ...]] = ("image",)

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Maps ``(..., H, W, channels)`` in [0, 1] to ``(..., scale·H, scale·W, channels)``.

        ``train`` changes nothing.
        """
        check_channels(x, self.channels, "FSRCNN")
        check_at_least(1, "FSRCNN", scale=self.scale)
        if self.upsampling not in ("transposed", "sub_pixel"):
            raise ValueError(
                f"upsampling must be 'transposed' or 'sub_pixel', got {self.upsampling!r}"
            )
        image_type = x.dtype
        conv = partial(Conv, dtype=self.dtype, precision=self.precision)
        he = nn.initializers.he_normal()
        layers = [
            ("feature_extraction", self.d, 5),
            ("shrinking", self.s, 1),
            *((f"mapping{index + 1}", self.s, 3) for index in range(self.m)),
            ("expanding", self.d, 1),
        ]
        for name, features, size in layers:
            x = conv(features, (size, size), kernel_init=he, name=name)(x)
            x = PReLU(name=f"{name}_prelu")(x)

        small = nn.initializers.normal(1e-3)
        if self.upsampling == "sub_pixel":
            phases = conv(
                self.scale**2 * self.channels,
                (1, 1),
                use_bias=False,
                kernel_init=small,
                name="sub_pixel",
            )(x)
        else:
            shape = (_DECONVOLUTION_SIZE, _DECONVOLUTION_SIZE, self.d, self.channels)
            kernel = self.param("deconvolution", small, shape)
            phases = _transposed_phases(
                x.astype(self.dtype), kernel.astype(self.dtype), self.scale, self.precision
            )
        # One bias a colour, whatever the phase, as the transposed convolution has it.
        bias = self.param("bias", nn.initializers.zeros, (self.channels,))
        return depth_to_space(phases.astype(image_type), self.scale) + bias.astype(image_type)


def _transposed_phases(x, kernel, scale, precision):
    """The transposed convolution as scale² small ones, their outputs side by side as channels.

    Pixel scale·q + p of the result takes tap p + 4 - scale·offset of the kernel for the input
    pixel q + offset. XLA computes the dilated form several times slower.
    """
    size, radius = _DECONVOLUTION_SIZE, _DECONVOLUTION_SIZE // 2
    first, last = -(radius // scale), (scale - 1 + radius) // scale
    phase, offset = np.arange(scale)[None, :], np.arange(first, last + 1)[:, None]
    taps = phase + radius - scale * offset
    inside = jnp.asarray((taps >= 0) & (taps < size), kernel.dtype)
    taps = np.clip(taps, 0, size - 1)
    # (offset y, phase y, offset x, phase x, in, out)
    small = kernel[taps][:, :, taps] * inside[:, :, None, None, None, None]
    small = small * inside[None, None, :, :, None, None]
    small = small.transpose(0, 2, 4, 1, 3, 5)
    small = small.reshape(*small.shape[:3], -1)
    *leading, height, width, channels = x.shape
    phases = convolve(
        x.reshape(-1, height, width, channels),
        small,
        (1, 1),
        [(-first, last)] * 2,
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        precision=precision,
    )
    return phases.reshape(*leading, height, width, -1)
