import math
import zlib
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import EqualizedConv, EqualizedDense, ModulatedConv, fir_upsample

START = 4
"""The side of the learnt constant from which images grow."""


def side_channels(side: int, base: int, most: int) -> int:
    """Channels where images have ``side`` pixels: base / side, at most ``most``."""
    return min(base // side, most)


def styles_needed(resolution: int) -> int:
    """How many styles steer a synthesis: two a resolution, from 4 pixels upwards."""
    return 2 * int(math.log2(resolution)) - 2


def leaky_relu(x: jax.Array) -> jax.Array:
    """Slope 0.2 below 0, times √2, which keeps the variance."""
    return math.sqrt(2) * nn.leaky_relu(x, 0.2)


def noise_image(module: nn.Module, x: jax.Array) -> jax.Array:
    """A standard normal image ``(N, H, W, 1)`` for ``x``, of the stream "noise".

    Without that stream it is one constant image a module, known by the module's name.
    """
    if module.has_rng("noise"):
        return jax.random.normal(module.make_rng("noise"), (*x.shape[:-1], 1), x.dtype)
    key = jax.random.key(zlib.crc32(module.name.encode()))
    return jax.random.normal(key, (1, *x.shape[1:-1], 1), x.dtype)


class _Synthesis(nn.Module):
    # As of `StyleGAN2Generator`.
    resolution: int
    channels: int
    channel_base: int
    channel_max: int
    dtype: Any
    precision: jax.lax.PrecisionLike

    def _width(self, side):
        return side_channels(side, self.channel_base, self.channel_max)

    def _constant(self, initializer, count):
        """The learnt image from which ``count`` images grow."""
        constant = self.param("constant", initializer, (START, START, self._width(START)))
        return jnp.broadcast_to(constant.astype(self.dtype), (count, *constant.shape))


class ModulatedSynthesis(_Synthesis):
    """StyleGAN2's synthesis: modulated convolutions, an image at every resolution, their sum."""

    @nn.compact
    def __call__(self, ws: jax.Array) -> jax.Array:
        """Maps styles ``(N, num_ws, w)`` to images ``(N, resolution, resolution, channels)``."""
        settings = {"dtype": self.dtype, "precision": self.precision}
        x = self._constant(nn.initializers.normal(1.0), len(ws))
        x = _ModulatedLayer(self._width(START), up=False, **settings, name="conv4")(x, ws[:, 0])
        image = _ToColour(self.channels, **settings, name="to_rgb4")(x, ws[:, 1])
        side, style = 2 * START, 1
        while side <= self.resolution:
            width = self._width(side)
            up = _ModulatedLayer(width, up=True, **settings, name=f"conv{side}_up")
            conv = _ModulatedLayer(width, up=False, **settings, name=f"conv{side}")
            x = conv(up(x, ws[:, style]), ws[:, style + 1])
            to_colour = _ToColour(self.channels, **settings, name=f"to_rgb{side}")
            image = fir_upsample(image) + to_colour(x, ws[:, style + 2])
            side, style = 2 * side, style + 2
        return image


class _ModulatedLayer(nn.Module):
    features: int
    up: bool
    dtype: Any
    precision: jax.lax.PrecisionLike

    @nn.compact
    def __call__(self, x, w):
        style = EqualizedDense(x.shape[-1], bias_init=1.0, name="affine")(w)
        conv = ModulatedConv(
            self.features, up=self.up, dtype=self.dtype, precision=self.precision, name="conv"
        )
        x = conv(x, style)
        strength = self.param("noise_strength", nn.initializers.zeros, ())
        bias = self.param("bias", nn.initializers.zeros, (self.features,))
        noise = strength.astype(x.dtype) * noise_image(self, x)
        return leaky_relu(x + noise + bias.astype(x.dtype))


class _ToColour(nn.Module):
    channels: int
    dtype: Any
    precision: jax.lax.PrecisionLike

    @nn.compact
    def __call__(self, x, w):
        style = EqualizedDense(x.shape[-1], bias_init=1.0, name="affine")(w)
        conv = ModulatedConv(
            self.channels,
            kernel_size=1,
            demodulate=False,
            dtype=self.dtype,
            precision=self.precision,
            name="conv",
        )
        bias = self.param("bias", nn.initializers.zeros, (self.channels,))
        return conv(x, style).astype(jnp.float32) + bias


class AdaINSynthesis(_Synthesis):
    """StyleGAN's synthesis: convolutions whose outputs are normalised, then scaled by styles.

    Of the generator that grows with its training it is the grown state: one image, at the end.
    """

    @nn.compact
    def __call__(self, ws: jax.Array) -> jax.Array:
        """Maps styles ``(N, num_ws, w)`` to images ``(N, resolution, resolution, channels)``."""
        settings = {"use_bias": False, "dtype": self.dtype, "precision": self.precision}
        x = self._constant(nn.initializers.ones, len(ws))
        x = _AdaIN(name="style4_constant")(x, ws[:, 0])
        x = EqualizedConv(self._width(START), **settings, name="conv4")(x)
        x = _AdaIN(name="style4")(x, ws[:, 1])
        side, style = 2 * START, 2
        while side <= self.resolution:
            width = self._width(side)
            x = jnp.repeat(jnp.repeat(x, 2, axis=1), 2, axis=2)
            x = _blur(EqualizedConv(width, **settings, name=f"conv{side}_up")(x))
            x = _AdaIN(name=f"style{side}_up")(x, ws[:, style])
            x = EqualizedConv(width, **settings, name=f"conv{side}")(x)
            x = _AdaIN(name=f"style{side}")(x, ws[:, style + 1])
            side, style = 2 * side, style + 2
        settings["use_bias"] = True
        image = EqualizedConv(self.channels, 1, **settings, name="to_rgb")(x)
        return image.astype(jnp.float32)


class _AdaIN(nn.Module):
    @nn.compact
    def __call__(self, x, w):
        width = x.shape[-1]
        strength = self.param("noise_strength", nn.initializers.zeros, (width,))
        bias = self.param("bias", nn.initializers.zeros, (width,))
        x = x + strength.astype(x.dtype) * noise_image(self, x) + bias.astype(x.dtype)
        x = nn.leaky_relu(x, 0.2).astype(jnp.float32)
        x = x - jnp.mean(x, axis=(1, 2), keepdims=True)
        x = x * jax.lax.rsqrt(jnp.mean(x**2, axis=(1, 2), keepdims=True) + 1e-8)
        style = EqualizedDense(2 * width, name="affine")(w)
        scale, shift = jnp.split(style[:, None, None, :], 2, axis=-1)
        return (scale + 1) * x + shift


def _blur(x):
    """The filter [1, 2, 1] / 4 on both axes, zeros around."""
    for axis in (1, 2):
        padded = jnp.pad(x, [(1, 1) if k == axis else (0, 0) for k in range(4)])
        before, here, after = (
            jax.lax.slice_in_dim(padded, start, start + x.shape[axis], axis=axis)
            for start in range(3)
        )
        x = (before + 2 * here + after) / 4
    return x


SYNTHESES = {"modulated": ModulatedSynthesis, "adain": AdaINSynthesis}
