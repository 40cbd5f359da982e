"""Random changes of what pixels hold, which leave maps beside an image."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax.operators import blur, gaussian_kernel
from train.data.augmentation import Augmentation, uniform

# Pillow's `ImageFilter.SMOOTH`.
_SMOOTH = np.array([[1, 1, 1], [1, 5, 1], [1, 1, 1]], np.float32) / 13
# Of ITU-R BT.601, which Pillow's and Torch's grey have.
_LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True)
class Sharpen(Augmentation):
    """The image, less or more different from itself smoothed, as Pillow's `ImageEnhance.Sharpness`.

    Attributes:
      factor: of the difference, least and largest; 1 leaves the image.
    """

    factor: tuple[float, float] = (0.0, 2.0)

    def change(self, key: jax.Array, x: jax.Array) -> jax.Array:
        """Scales the difference."""
        smooth = blur(x, _SMOOTH, boundary="symmetric")
        return smooth + uniform(key, self.factor) * (x - smooth)


@dataclass(frozen=True)
class Blur(Augmentation):
    """A Gaussian.

    Attributes:
      sigma: least and largest standard deviation, in pixels.
      side: height and width of its kernel, odd.
    """

    sigma: tuple[float, float] = (0.5, 1.5)
    side: int = 3

    def change(self, key: jax.Array, x: jax.Array) -> jax.Array:
        """Blurs the image."""
        return blur(x, gaussian_kernel(self.side, uniform(key, self.sigma)), boundary="symmetric")


@dataclass(frozen=True)
class Gamma(Augmentation):
    """A power of the brightness.

    Attributes:
      exponent: least and largest.
    """

    exponent: tuple[float, float] = (0.85, 1.125)

    def change(self, key: jax.Array, x: jax.Array) -> jax.Array:
        """Raises each pixel, clipped to [0, 1]."""
        return jnp.clip(x, 0, 1) ** uniform(key, self.exponent)


@dataclass(frozen=True)
class ColorJitter(Augmentation):
    """Brightness, contrast, saturation and hue, one after the other, of images of three colours.

    The defaults are SimCLR's at strength 1. Hues of spectral bands mean nothing: they have
    `BandGain`.

    Attributes:
      brightness: the most by which its factor differs from 1.
      contrast: likewise.
      saturation: likewise.
      hue: the most by which it turns, in turns.
    """

    brightness: float = 0.8
    contrast: float = 0.8
    saturation: float = 0.8
    hue: float = 0.2

    def change(self, key: jax.Array, x: jax.Array) -> jax.Array:
        """Changes the colours, clipped to [0, 1] behind each.

        Raises:
          ValueError: the image hasn't three channels.
        """
        _check_three(x, "color_jitter")
        *keys, hue_key = jax.random.split(key, 4)
        strengths = (self.brightness, self.contrast, self.saturation)
        references = (jnp.zeros_like, lambda x: jnp.mean(_grey(x)), _grey)
        for one, strength, reference in zip(keys, strengths, references, strict=True):
            factor = uniform(one, (max(0.0, 1 - strength), 1 + strength))
            neutral = reference(x)
            x = jnp.clip(neutral + factor * (x - neutral), 0, 1)
        return turn_hue(x, uniform(hue_key, (-self.hue, self.hue)))


class Grey(Augmentation):
    """The luminance in all three channels."""

    def change(self, key: jax.Array, x: jax.Array) -> jax.Array:
        """Takes the colours away.

        Raises:
          ValueError: the image hasn't three channels.
        """
        del key
        _check_three(x, "grey")
        return jnp.broadcast_to(_grey(x), x.shape)


@dataclass(frozen=True)
class BandGain(Augmentation):
    """A gain and an offset of each band by itself.

    Attributes:
      gain: least and largest.
      offset: least and largest.
    """

    gain: tuple[float, float] = (0.9, 1.1)
    offset: tuple[float, float] = (-0.05, 0.05)

    def change(self, key: jax.Array, x: jax.Array) -> jax.Array:
        """Scales and shifts the bands."""
        bands = x.shape[-1:]
        of_gain, of_offset = jax.random.split(key)
        gain = jax.random.uniform(of_gain, bands, minval=self.gain[0], maxval=self.gain[1])
        offset = jax.random.uniform(of_offset, bands, minval=self.offset[0], maxval=self.offset[1])
        return gain * x + offset


@dataclass(frozen=True)
class BandDrop(Augmentation):
    """Bands that are missing, as zeros.

    Attributes:
      bands: how many.
    """

    bands: int = 1

    def change(self, key: jax.Array, x: jax.Array) -> jax.Array:
        """Drops them.

        Raises:
          ValueError: no band would be left.
        """
        count = x.shape[-1]
        if self.bands >= count:
            raise ValueError(f"band_drop.bands={self.bands}: wanted fewer than the {count} bands")
        return jnp.where(jax.random.permutation(key, count) < self.bands, 0, x)


def turn_hue(x: jax.Array, turns: float | jax.Array) -> jax.Array:
    """Turns the hue of a colour picture (..., 3) in [0, 1]; saturation and value of HSV stay."""
    value, least = jnp.max(x, axis=-1), jnp.min(x, axis=-1)
    chroma = value - least
    red, green, blue = jnp.moveaxis(x, -1, 0)
    divisor = jnp.where(chroma > 0, chroma, 1)
    # In sixths of a turn, from the largest channel on.
    sixths = jnp.select(
        [red == value, green == value],
        [(green - blue) / divisor, 2 + (blue - red) / divisor],
        4 + (red - green) / divisor,
    )
    k = (jnp.array([5.0, 3.0, 1.0]) + (sixths + 6 * turns)[..., None]) % 6
    ramp = jnp.clip(jnp.minimum(k, 4 - k), 0, 1)
    return value[..., None] - chroma[..., None] * ramp


def _grey(x):
    return jnp.sum(x * _LUMINANCE, axis=-1, keepdims=True)


def _check_three(x, name):
    if x.shape[-1] != 3:
        raise ValueError(f"{name}: wanted images of three channels, got {x.shape[-1]}")
