from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import convolve_volumes, weight_normalized
from imaging_jax.models.multi_frame.roles import MultiFrameNetwork, check_odd, first_of
from imaging_jax.transforms import depth_to_space


class WDSR3D(MultiFrameNetwork):
    """3DWDSRNet: wide-activation blocks of 3x3x3 convolutions, added to the enlarged mean.

    Frames and their mean take separate ways; pairs of reducing layers shorten the stack of frames
    until one is left. With the defaults, 329,328 parameters.

    Attributes:
        scale: enlargement.
        frames: how many of those given are taken, at least 3; again from the first where fewer
            are clear. An odd number.
        features: width of the stack.
        depth: number of blocks.
        expansion: width inside a block, over ``features``.
        mean: level that is subtracted of every pixel.
        deviation: level by which the difference is divided.
        dtype: type of computation; parameters are float32.
        precision: of the convolutions.

    Raises:
        ValueError: an even number of frames, or one below 3.

    Source: Dorr, "Satellite Image Multi-Frame Super Resolution Using 3D Wide-Activation Neural
    Networks", Remote Sensing 12(22), 2020.
    """

    scale: int = 3
    frames: int = 7
    features: int = 32
    depth: int = 8
    expansion: int = 6
    mean: float = 7433.6436 / 65535
    deviation: float = 2353.0723 / 65535
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    channels: ClassVar[int] = 1
    registered: ClassVar[bool] = True

    @nn.compact
    def __call__(self, frames: jax.Array, clear: jax.Array, train: bool = False) -> jax.Array:
        """Maps frames ``(N, T, h, w, 1)`` to images ``(N, scale h, scale w, 1)``.

        Args:
            frames: in [0, 1], registered.
            clear: ``(N, T, h, w, 1)``, by which frames that aren't there are known.
            train: changes nothing.
        """
        check_odd("WDSR3D", self.frames)
        taken, _ = first_of(frames, clear, self.frames)
        x = _reflected((taken - self.mean) / self.deviation)
        settings = {"dtype": self.dtype, "precision": self.precision}
        valid = {"margins": (0, 0), **settings}
        filters = self.scale**2
        mean = _reflected(jnp.mean(x, axis=1, keepdims=True))
        skip = nn.relu(WeightNormConv(filters, (1, 3, 3), name="skip1", **valid)(mean))
        skip = WeightNormConv(filters, (1, 3, 3), name="skip2", **valid)(skip)
        y = nn.relu(WeightNormConv(self.features, name="head", **settings)(x))
        for index in range(self.depth):
            y = WideBlock(self.expansion, name=f"block{index + 1}", **settings)(y)
        for index in range(self.frames // 2 - 1):
            reducer = WeightNormConv(self.features, name=f"reducer{index + 1}", **valid)
            y = nn.relu(reducer(_reflected(y)))
        # The pixel that was added around is taken away again.
        y = WeightNormConv(filters, name="tail", **valid)(y) + skip
        enlarged = depth_to_space(y[:, 0], self.scale)
        return (enlarged * self.deviation + self.mean).astype(jnp.float32)


class WideBlock(nn.Module):
    """``x`` + a 3x3x3 convolution of a narrow layer of a wide, rectified one.

    Attributes:
        expansion: width of the wide layer over the input's; the narrow one has 0.8 of the input's.
        dtype: type of computation.
        precision: of the convolutions.

    Source: Yu et al., "Wide Activation for Efficient and Accurate Image Super-Resolution", 2018,
    section 3.2 (WDSR-B).
    """

    expansion: int
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Maps ``(N, T, H, W, features)`` to the same shape."""
        features, settings = x.shape[-1], {"dtype": self.dtype, "precision": self.precision}
        one = {"kernel_size": (1, 1, 1), "margins": (0, 0), **settings}
        y = nn.relu(WeightNormConv(features * self.expansion, name="expand", **one)(x))
        y = WeightNormConv(int(0.8 * features), name="narrow", **one)(y)
        return x + WeightNormConv(features, name="conv", **settings)(y)


class WeightNormConv(nn.Module):
    """A convolution of volumes whose kernel is normalised.

    Attributes:
        features: output channels.
        kernel_size: slices, height and width.
        margins: zeros around: slices at both ends, and pixels on every side.
        dtype: type of computation; parameters are float32.
        precision: of the convolution.
    """

    features: int
    kernel_size: tuple[int, int, int] = (3, 3, 3)
    margins: tuple[int, int] = (1, 1)
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Maps ``(N, T, H, W, C)`` to ``(N, T', H', W', features)``."""
        shape = (*self.kernel_size, x.shape[-1], self.features)
        kernel = weight_normalized(self, shape, nn.initializers.glorot_uniform())
        bias = self.param("bias", nn.initializers.zeros, (self.features,))
        slices, pixels = self.margins
        y = convolve_volumes(
            x.astype(self.dtype),
            kernel.astype(self.dtype),
            margin=slices,
            padding=((pixels, pixels),) * 2,
            precision=self.precision,
        )
        return y + bias.astype(y.dtype)


def _reflected(x: jax.Array) -> jax.Array:
    """Continues rows and columns by one mirrored pixel."""
    return jnp.pad(x, [(0, 0), (0, 0), (1, 1), (1, 1), (0, 0)], mode="reflect")
