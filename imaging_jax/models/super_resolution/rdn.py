from functools import partial
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import Conv, Upsampler, check_channels, fan_in_uniform, torch_kernel
from imaging_jax.models.super_resolution.edsr import DIV2K_MEAN


class RDN(nn.Module):
    """RDN: residual dense blocks whose outputs are fused globally, then sub-pixel upsampling.

    22,123,395, 22,308,035 and 22,271,107 parameters at x2, x3 and x4 with the defaults, those of
    the released networks. The image minus the mean of DIV2K, times 255, enters. Kernels and biases
    start uniform in ±1/sqrt(fan_in).

    Attributes:
        scale: 2, 3, 4 or 8.
        channels: image channels; 3, for the mean's sake.
        D: number of residual dense blocks.
        C: convolutions in each.
        G: growth rate, the maps that each convolution adds.
        G0: width of everything outside the blocks.
        dtype: type of computation; parameters are float32.
        precision: of the convolutions.
        remat: recompute every dense block in the backward pass instead of keeping it.

    Raises:
        ValueError: on another scale or number of channels.

    Source: Zhang, Tian, Kong, Zhong, Fu, "Residual Dense Network for Image Super-Resolution",
    CVPR 2018, section 3; D = 16, C = 8, G = G0 = 64 as in the released commands.
    """

    scale: int
    channels: int = 3
    D: int = 16
    C: int = 8
    G: int = 64
    G0: int = 64
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None
    remat: bool = False

    takes: ClassVar[tuple[str, ...]] = ("image",)

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Maps ``(..., H, W, 3)`` in [0, 1] to ``(..., scale·H, scale·W, 3)``.

        ``train`` changes nothing.
        """
        check_channels(x, len(DIV2K_MEAN), "RDN")
        # Mean and range are applied in the image's type: in bfloat16, 255 levels would collapse.
        mean = jnp.asarray(DIV2K_MEAN, x.dtype)
        settings = {"dtype": self.dtype, "precision": self.precision}
        conv = partial(_conv, **settings)
        block = nn.remat(ResidualDenseBlock) if self.remat else ResidualDenseBlock

        shallow = conv((x - mean) * 255.0, self.G0, 3, "shallow1")
        maps = [conv(shallow, self.G0, 3, "shallow2")]
        for index in range(self.D):
            maps.append(block(self.C, self.G, name=f"block{index + 1}", **settings)(maps[-1]))
        fused = conv(jnp.concatenate(maps[1:], axis=-1), self.G0, 1, "global_fusion1")
        fused = conv(fused, self.G0, 3, "global_fusion2")
        up = Upsampler(
            self.scale,
            self.G0,
            kernel_init=torch_kernel,
            bias_init=fan_in_uniform(9 * self.G0),
            name="upsampler",
            **settings,
        )(fused + shallow)
        return conv(up, self.channels, 3, "tail").astype(x.dtype) / 255.0 + mean


class ResidualDenseBlock(nn.Module):
    """Each of C convolutions sees the block's input and all maps before it; a 1x1 one fuses them.

    Call it with ``(..., H, W, G0)``; the result has the same shape.

    Source: Zhang et al., CVPR 2018, section 3.2.
    """

    C: int
    G: int
    dtype: Any = None
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Maps ``(..., H, W, G0)`` to the same shape."""
        conv = partial(_conv, dtype=self.dtype, precision=self.precision)
        maps = x
        for index in range(self.C):
            new = nn.relu(conv(maps, self.G, 3, f"conv{index + 1}"))
            maps = jnp.concatenate([maps, new], axis=-1)
        return x + conv(maps, x.shape[-1], 1, "local_fusion")


def _conv(x, features, size, name, **settings):
    return Conv(
        features,
        (size, size),
        kernel_init=torch_kernel,
        bias_init=fan_in_uniform(size**2 * x.shape[-1]),
        name=name,
        **settings,
    )(x)
