from functools import partial
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from imaging_jax.models.layers import (
    Conv,
    SwinBlock,
    Upsampler,
    check_at_least,
    check_channels,
    check_choice,
    check_heads,
    fan_in_uniform,
    pad_to_multiple,
    torch_kernel,
)
from imaging_jax.models.super_resolution.edsr import DIV2K_MEAN
from imaging_jax.transforms import depth_to_space

_UPSAMPLERS = ("staged", "direct")
_UPSAMPLED = 64


class SwinIR(nn.Module):
    """SwinIR: groups of Swin blocks enlarge an image, or at scale 1 restore it.

    At scale 1 what the network says is added to the image; one network serves one level of noise.
    The defaults are the paper's: at scale 1 for colours 11,504,163 parameters, for grey 11,497,681
    (for JPEG with ``window=7, value_range=255`` 11,485,585), enlarging by 2, 3, 4 and 8
    11,752,487, 11,937,127, 11,900,199 and 12,047,911. The lightweight network is ``features=60,
    depths=(6, 6, 6, 6), upsampler="direct"``, with 910,152, 918,267 and 929,628 at x2, x3 and x4;
    the paper counts 32,400 fewer, without the relative positions. Images are mirrored at the
    bottom and the right to whole windows.

    Attributes:
        scale: enlargement; 1, or 2, 3, 4, 8, or with the direct upsampler any.
        channels: image channels.
        features: width of the blocks.
        depths: Swin blocks of each group; every second block's windows are shifted by half a side.
        heads: of attention, a divisor of the width.
        window: side of a window, in pixels, at least 2.
        mlp_ratio: hidden width of the layers after attention, in widths.
        drop_path: share of the images that the last block's branches are left out of in training,
            rising from 0 at the first; 0.1 in the authors' training.
        upsampler: above scale 1, "staged" (sub-pixel convolutions of 64 features by 2 or 3, then
            another convolution) or "direct" (one sub-pixel convolution).
        value_range: the network sees (x - mean) · value_range, and its output is divided by it. The
            mean is that of DIV2K for three channels, else 0.
        dtype: type of computation; parameters, logits, softmax and norms' statistics are float32.
        precision: of the convolutions and products.
        remat: recompute every block in the backward pass instead of keeping it.

    Raises:
        ValueError: on another number of channels, an unknown upsampler, a scale it doesn't serve,
            heads that don't divide the width, or windows below 2.

    Source: Liang, Cao, Sun, Zhang, Van Gool, Timofte, "SwinIR: Image Restoration Using Swin
    Transformer", ICCV Workshops 2021, section 3.
    """

    scale: int = 1
    channels: int = 3
    features: int = 180
    depths: tuple[int, ...] = (6, 6, 6, 6, 6, 6)
    heads: int = 6
    window: int = 8
    mlp_ratio: int = 2
    drop_path: float = 0.0
    upsampler: str = "staged"
    value_range: float = 1.0
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None
    remat: bool = False

    takes: ClassVar[tuple[str, ...]] = ("image",)

    @property
    def period(self) -> int:
        """Side of the groups of pixels that are seen together."""
        return self.window

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Maps ``(..., H, W, channels)`` in [0, 1] to ``(..., scale·H, scale·W, channels)``.

        With `drop_path`, training takes the random stream "dropout".
        """
        check_channels(x, self.channels, "SwinIR")
        check_at_least(1, "SwinIR", scale=self.scale)
        check_at_least(2, "SwinIR", window=self.window)
        check_heads("SwinIR", self.features, self.heads)
        check_choice("SwinIR", "upsampler", self.upsampler, _UPSAMPLERS)
        *leading, height, width, _ = x.shape
        # Mean and range are applied in the image's type: in bfloat16, 255 levels would collapse.
        mean = jnp.asarray(DIV2K_MEAN if self.channels == 3 else 0.0, x.dtype)
        images = pad_to_multiple(x.reshape(-1, *x.shape[-3:]), self.window, "reflect")
        shallow = self._conv(self.features, "head")((images - mean) * self.value_range)
        deep = self._groups(shallow, train)
        y = self._enlarged(self._conv(self.features, "body")(deep) + shallow)
        y = y.astype(x.dtype) / self.value_range + (images if self.scale == 1 else mean)
        y = y[:, : self.scale * height, : self.scale * width]
        return y.reshape(*leading, *y.shape[1:])

    def _groups(self, y, train):
        norm = partial(nn.LayerNorm, epsilon=1e-5, dtype=self.dtype)
        rates = iter(np.linspace(0, self.drop_path, sum(self.depths)))
        block = nn.remat(SwinBlock, static_argnums=(2,)) if self.remat else SwinBlock
        y = norm(name="head_norm")(y)
        for group, depth in enumerate(self.depths, start=1):
            skip = y
            for index in range(depth):
                y = block(
                    self.heads,
                    self.window,
                    index % 2 * (self.window // 2),
                    self.mlp_ratio,
                    float(next(rates)),
                    dtype=self.dtype,
                    precision=self.precision,
                    name=f"group{group}_block{index + 1}",
                )(y, train)
            y = skip + self._conv(self.features, f"group{group}_conv")(y)
        return norm(name="norm")(y)

    def _enlarged(self, y):
        if self.scale == 1:
            return self._conv(self.channels, "tail")(y)
        if self.upsampler == "direct":
            y = self._conv(self.channels * self.scale**2, "tail")(y)
            return depth_to_space(y, self.scale)
        y = nn.leaky_relu(self._conv(_UPSAMPLED, "before_upsampler")(y), 0.01)
        y = Upsampler(
            self.scale,
            _UPSAMPLED,
            kernel_init=torch_kernel,
            bias_init=fan_in_uniform(9 * _UPSAMPLED),
            dtype=self.dtype,
            precision=self.precision,
            name="upsampler",
        )(y)
        return self._conv(self.channels, "tail", _UPSAMPLED)(y)

    def _conv(self, features, name, inputs=None):
        fan_in = 9 * (inputs or (self.channels if name == "head" else self.features))
        return Conv(
            features,
            (3, 3),
            kernel_init=torch_kernel,
            bias_init=fan_in_uniform(fan_in),
            dtype=self.dtype,
            precision=self.precision,
            name=name,
        )
