from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import Conv, PReLU, check_channels
from imaging_jax.operators import resize
from imaging_jax.transforms import depth_to_space


class DDRN(nn.Module):
    """DDRN: ultra-dense blocks of three crossing paths predict what bicubic enlargement misses.

    Without the distillation unit, as in the authors' plain file. 7,028,364, 7,037,019 and
    7,037,708 parameters at x2, x3 and x4. Although the paper calls them recursive, the blocks
    share no weights. Every convolution but the last is followed by a PReLU with a slope a channel
    that starts at 0; kernels start Xavier uniform. The enlargement that is added is `resize`'s,
    aligned with the image; the authors' TensorFlow's lies (scale - 1)/2 pixels up and left of it.

    Attributes:
        scale: 2, 3 or 4.
        channels: image channels.
        features: width of the paths; the trunk has one and a half times as many, the first layer
            twice.
        blocks: number of ultra-dense blocks.
        dtype: type of computation; parameters are float32.
        precision: of the convolutions.

    Raises:
        ValueError: on another scale or number of channels.

    Source: Jiang, Wang, Yi, Jiang, Xiao, Yao, "Deep Distillation Recursive Network for Remote
    Sensing Imagery Super-Resolution", Remote Sensing 10(11):1700, 2018; layers as in the released
    code.
    """

    scale: int
    channels: int = 3
    features: int = 64
    blocks: int = 15
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    takes: ClassVar[tuple[str, ...]] = ("image",)

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Maps ``(..., H, W, C)`` in [0, 1] to ``(..., scale·H, scale·W, C)``.

        ``train`` changes nothing.
        """
        check_channels(x, self.channels, "DDRN")
        if self.scale not in (2, 3, 4):
            raise ValueError(f"scale must be 2, 3 or 4, got {self.scale}")
        settings = {"dtype": self.dtype, "precision": self.precision}
        trunk = self.features + self.features // 2

        body = _ConvPReLU(2 * self.features, 3, name="head1", **settings)(x)
        body = _ConvPReLU(trunk, 3, name="head2", **settings)(body)
        for index in range(self.blocks):
            body = _UltraDenseBlock(self.features, trunk, name=f"block{index + 1}", **settings)(
                body
            )

        up = _ConvPReLU(self.features, 3, name="up1", **settings)(body)
        factor = self.scale
        if self.scale == 4:
            factor = 2
            up = depth_to_space(up, 2)
            up = _ConvPReLU(self.features, 3, name="up2", **settings)(up)
        tail = Conv(
            self.channels * factor**2,
            (3, 3),
            kernel_init=nn.initializers.xavier_uniform(),
            name="tail",
            **settings,
        )(up)
        return resize(x, self.scale) + depth_to_space(tail, factor).astype(x.dtype)


class _UltraDenseBlock(nn.Module):
    """Three paths that see one another after every round; their ends are fused and added."""

    features: int
    trunk: int
    dtype: Any
    precision: jax.lax.PrecisionLike

    @nn.compact
    def __call__(self, x):
        settings = {"dtype": self.dtype, "precision": self.precision}

        def layer(size, name):
            return _ConvPReLU(self.features, size, name=name, **settings)

        first = layer(3, "path1_first")(x)
        outputs = [first, layer(3, "path2_first")(first), layer(3, "path3_first")(first)]
        inputs = [jnp.concatenate(outputs, axis=-1)] * 3
        for number in (1, 2):
            narrow = [layer(1, f"path{path + 1}_narrow{number}")(inputs[path]) for path in range(3)]
            outputs = [layer(3, f"path{path + 1}_conv{number}")(narrow[path]) for path in range(3)]
            inputs = [jnp.concatenate([own, *outputs], axis=-1) for own in narrow]
        fused = jnp.concatenate(outputs, axis=-1)
        return x + _ConvPReLU(self.trunk, 1, name="fuse", **settings)(fused)


class _ConvPReLU(nn.Module):
    features: int
    size: int
    dtype: Any
    precision: jax.lax.PrecisionLike

    @nn.compact
    def __call__(self, x):
        x = Conv(
            self.features,
            (self.size, self.size),
            kernel_init=nn.initializers.xavier_uniform(),
            dtype=self.dtype,
            precision=self.precision,
            name="conv",
        )(x)
        return PReLU(initial=0.0, name="prelu")(x)
