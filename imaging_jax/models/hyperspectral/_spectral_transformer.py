"""The U-Net of spectral attention that MST and MST++ share."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import Conv, DepthwiseConv, TransposedConv, torch_kernel

_EXPANSION = 4
_LINEAR = nn.initializers.truncated_normal(0.02)


class SpectralTransformer(nn.Module):
    """Blocks of spectral attention at three scales, added to their input.

    Attributes:
        blocks: on the way down, at the bottom scale at last.
        dtype: type of computation; parameters are float32.
        precision: of convolutions and products.
    """

    blocks: tuple[int, ...] = (1, 1, 1)
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, x: jax.Array, guide: jax.Array | None = None) -> jax.Array:
        """Maps ``(N, H, W, bands)``, sides divided by 2 a scale, to the same shape.

        Args:
            x: images.
            guide: ``(1, H, W + 2 (bands - 1), bands)``, a dispersed mask, for MST: attention is
                masked at every scale, and the embedding rectified.
        """
        bands = x.shape[-1]
        settings = {"dtype": self.dtype, "precision": self.precision}
        conv = partial(Conv, use_bias=False, kernel_init=torch_kernel, padding=1, **settings)
        y = conv(bands, (3, 3), name="embedding")(x)
        if guide is not None:
            y = nn.leaky_relu(y, 0.1)
        *scales, bottom = self.blocks
        skips = []
        for level, count in enumerate(scales):
            y = self._attended(y, guide, level, count, f"down{level + 1}")
            skips.append((y, guide))
            shrink = partial(conv, 2 * y.shape[-1], (4, 4), strides=2)
            y = shrink(name=f"shrink{level + 1}")(y)
            guide = None if guide is None else shrink(name=f"shrink_guide{level + 1}")(guide)
        y = self._attended(y, guide, len(scales), bottom, "bottom")
        for level in reversed(range(len(scales))):
            skip, guide = skips.pop()
            features = skip.shape[-1]
            y = TransposedConv(
                features,
                kernel_size=2,
                crop=(0, 0),
                use_bias=True,
                kernel_init=nn.initializers.variance_scaling(
                    1 / 3, "fan_in", "uniform", in_axis=-1, out_axis=-2
                ),
                name=f"enlarge{level + 1}",
                **settings,
            )(y)
            y = _pointwise(features, False, f"fuse{level + 1}", torch_kernel, **settings)(
                jnp.concatenate([y, skip], axis=-1)
            )
            y = self._attended(y, guide, level, scales[level], f"up{level + 1}")
        return x + conv(bands, (3, 3), name="mapping")(y)

    def _attended(self, y, guide, level, count, name):
        settings = {"dtype": self.dtype, "precision": self.precision}
        for index in range(1, count + 1):
            attention = SpectralAttention(
                2**level, guide is not None, name=f"{name}_attention{index}", **settings
            )
            y = y + attention(y, guide)
            y = y + _FeedForward(name=f"{name}_mlp{index}", **settings)(y)
        return y


class SpectralAttention(nn.Module):
    """Attention between channels, each told by its image, and a local term of position.

    Attributes:
        heads: groups of channels that attend among themselves.
        masked: values are weighed by a guide.
        dtype: type of computation; parameters are float32. Norms over the image are float32.
        precision: of convolutions and products.

    Source: Cai et al., "Mask-guided Spectral-wise Transformer for Efficient Hyperspectral Image
    Reconstruction", CVPR 2022, section 3.
    """

    heads: int
    masked: bool = False
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, x: jax.Array, guide: jax.Array | None = None) -> jax.Array:
        """Maps ``(N, H, W, C)``, with `masked` and a guide ``(1, H, W', C)``, to the same shape."""
        settings = {"dtype": self.dtype, "precision": self.precision}
        features = x.shape[-1]
        query, key, value = (
            _pointwise(features, False, name, **settings)(x) for name in ("query", "key", "value")
        )
        scale = self.param("scale", nn.initializers.ones, (self.heads, 1, 1))
        weighed = value
        if self.masked:
            level = self.heads.bit_length() - 1
            weighed = value * _MaskGuide(level, name="guide", **settings)(guide, x.shape[2])
        logits = jnp.einsum(
            "nphd,nphe->nhde",
            *(_normalized(self._by_heads(z)) for z in (key, query)),
            precision=self.precision,
        )
        weights = nn.softmax(scale * logits, axis=-1).astype(self.dtype)
        mixed = jnp.einsum(
            "nhde,nphe->nphd", weights, self._by_heads(weighed), precision=self.precision
        )
        y = _pointwise(features, True, "projection", **settings)(mixed.reshape(x.shape))
        position = DepthwiseConv(3, False, name="position1", **settings)(value)
        return y + DepthwiseConv(3, False, name="position2", **settings)(_gelu(position))

    def _by_heads(self, z):
        batch, height, width, features = z.shape
        return z.reshape(batch, height * width, self.heads, features // self.heads)


class _FeedForward(nn.Module):
    dtype: Any
    precision: jax.lax.PrecisionLike

    @nn.compact
    def __call__(self, x):
        settings = {"dtype": self.dtype, "precision": self.precision}
        features = x.shape[-1]
        y = nn.LayerNorm(epsilon=1e-5, dtype=self.dtype, name="norm")(x)
        y = _pointwise(_EXPANSION * features, False, "expand", torch_kernel, **settings)(y)
        y = DepthwiseConv(3, False, name="conv", **settings)(_gelu(y))
        return _pointwise(features, False, "reduce", torch_kernel, **settings)(_gelu(y))


class _MaskGuide(nn.Module):
    """What a dispersed mask lets through, each channel moved back by its dispersion."""

    level: int
    dtype: Any
    precision: jax.lax.PrecisionLike

    @nn.compact
    def __call__(self, guide, width):
        settings = {"dtype": self.dtype, "precision": self.precision}
        features = guide.shape[-1]
        y = _pointwise(features, True, "conv1", torch_kernel, **settings)(guide)
        gate = _pointwise(features, True, "conv2", torch_kernel, **settings)(y)
        y = y + y * nn.sigmoid(DepthwiseConv(5, name="conv3", **settings)(gate))
        shifts = [2 * channel // 4**self.level for channel in range(features)]
        parts = []
        for shift in sorted(set(shifts)):
            first = shifts.index(shift)
            channels = slice(first, first + shifts.count(shift))
            parts.append(y[:, :, shift : shift + width, channels])
        return jnp.concatenate(parts, axis=-1)


def _pointwise(features, use_bias, name, kernel_init=_LINEAR, **settings):
    return nn.Dense(features, use_bias, kernel_init=kernel_init, name=name, **settings)


def _gelu(x):
    return nn.gelu(x, approximate=False)


def _normalized(z):
    """``(N, pixels, heads, d)`` divided by its norm over the pixels, in float32."""
    z = z.astype(jnp.float32)
    # The gradient of an image of zeros is 0, not the root's.
    return z * jax.lax.rsqrt(jnp.maximum(jnp.sum(z**2, axis=1, keepdims=True), 1e-24))
