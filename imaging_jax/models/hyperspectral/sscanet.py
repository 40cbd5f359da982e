from functools import partial
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.hyperspectral._cubes import check_cube
from imaging_jax.models.hyperspectral._volumes import VolumeConv, as_cube, as_volume, enlarge
from imaging_jax.models.layers import Conv, batch_norm, check_at_least

_REDUCTION = 4


class SSCANet(nn.Module):
    """SSCANet: a U-Net of 3x3x3 convolutions with gates for each band's channels and for places.

    The spectral-channel gate of a band sees the channels' means over its image and its two
    neighbouring bands'; the spatial gate sees the strongest and the mean channel of every pixel.
    523,320 parameters; 499,169 without gates. Any number of bands serves, and any size: images are
    continued by their last row and column to a multiple of what the number of scales asks for.
    Kernels start He normal, the last at 0, so that training begins at the cube itself. The gates
    and the U-Net are the paper's by its outline; widths, depth and the gates' kernels are ours.

    Attributes:
        features: width at each scale, from fine to coarse, at least 4 each.
        attention: with gates; without, the U-Net alone, for an ablation.
        dtype: type of computation; parameters are float32.
        precision: of the convolutions.

    Raises:
        ValueError: on what is no cube, or fewer features.

    Source: Dou et al., "Spatial and Spectral-Channel Attention Network for Denoising on
    Hyperspectral Remote Sensing Image", Remote Sensing 14(14), 2022.
    """

    features: tuple[int, ...] = (16, 32, 64)
    attention: bool = True
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    takes: ClassVar[tuple[str, ...]] = ("cube",)
    # Corners are kept where features are enlarged: where a pixel lies depends on the whole.
    whole: ClassVar[str] = "how its features are enlarged depends on the size"

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Denoises ``(..., H, W, bands)`` in [0, 1]; ``train`` takes the batch's statistics."""
        check_cube(x, "SSCANet")
        check_at_least(1, "SSCANet", scales=len(self.features))
        check_at_least(_REDUCTION, "SSCANet", features=min(self.features))
        settings = {"dtype": self.dtype, "precision": self.precision}
        conv = partial(VolumeConv, use_bias=True, **settings)
        block = partial(_Block, self.attention, **settings)
        first, *coarser = self.features
        y = conv(first, name="head")(as_volume(x, 2 ** len(coarser)))
        skips = []
        for index, features in enumerate(coarser, start=1):
            y = block(name=f"down{index}_block")(y, train)
            skips.append(y)
            y = conv(features, stride=2, name=f"down{index}")(y)
        y = block(name="body")(y, train)
        for index in range(len(coarser), 0, -1):
            y = conv(self.features[index - 1], name=f"up{index}")(enlarge(y))
            y = block(name=f"up{index}_block")(y + skips.pop(), train)
        tail = conv(1, kernel_init=nn.initializers.zeros, name="tail")
        return x + as_cube(tail(y), x)


class _Block(nn.Module):
    attention: bool
    dtype: Any
    precision: jax.lax.PrecisionLike

    @nn.compact
    def __call__(self, x, train):
        settings = {"dtype": self.dtype, "precision": self.precision}
        features = x.shape[-1]
        # The batch norm has a bias of its own.
        y = VolumeConv(features, name="conv1", **settings)(x)
        y = nn.relu(batch_norm(y, train, "norm", dtype=self.dtype))
        y = VolumeConv(features, use_bias=True, name="conv2", **settings)(y)
        if self.attention:
            y = y * _SpectralChannelGate(name="channel_gate", **settings)(y)
            y = y * _SpatialGate(name="spatial_gate", **settings)(y)
        return x + y


class _SpectralChannelGate(nn.Module):
    """Maps ``(N, bands, H, W, C)`` to weights ``(N, bands, 1, 1, C)`` in (0, 1)."""

    dtype: Any
    precision: jax.lax.PrecisionLike

    @nn.compact
    def __call__(self, x):
        settings = {"dtype": self.dtype, "precision": self.precision}
        features = x.shape[-1]
        means = jnp.mean(x, axis=(2, 3))
        y = nn.relu(nn.Dense(features // _REDUCTION, name="reduce", **settings)(means))
        y = nn.Dense(features, name="expand", **settings)(y)
        y = Conv(features, (3,), name="bands", **settings)(y)
        return nn.sigmoid(y)[:, :, None, None]


class _SpatialGate(nn.Module):
    """Maps ``(N, bands, H, W, C)`` to weights ``(N, bands, H, W, 1)`` in (0, 1)."""

    dtype: Any
    precision: jax.lax.PrecisionLike

    @nn.compact
    def __call__(self, x):
        statistics = jnp.stack([jnp.max(x, axis=-1), jnp.mean(x, axis=-1)], axis=-1)
        conv = Conv(1, (7, 7), dtype=self.dtype, precision=self.precision, name="conv")
        return nn.sigmoid(conv(statistics))
