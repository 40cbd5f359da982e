from functools import partial
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.hyperspectral._cubes import check_cube
from imaging_jax.models.hyperspectral._volumes import VolumeConv, as_cube, as_volume, enlarge
from imaging_jax.models.layers import batch_norm, check_at_least

# Width over `features`, and stride, of the encoder's layers.
_ENCODER = ((1, 1), (2, 2), (2, 1), (4, 2), (4, 1))


class QRNN3D(nn.Module):
    """QRNN3D: a U-Net of 3x3x3 convolutions whose gates carry memory along the bands.

    860,453 parameters. Layers go up and down the bands in turns, the first and the last both ways;
    there are no rectifiers. Any number of bands serves, whatever it was trained on, and any size:
    sides that aren't multiples of 4 are continued by their last row and column. Kernels start He
    normal.

    Attributes:
        features: width at full size.
        dtype: type of computation; parameters are float32.
        precision: of the convolutions.

    Raises:
        ValueError: on what is no cube, or no features.

    Source: Wei, Fu, Huang, "3-D Quasi-Recurrent Neural Network for Hyperspectral Image Denoising",
    IEEE TNNLS 2021, sections III and IV.
    """

    features: int = 16
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    takes: ClassVar[tuple[str, ...]] = ("cube",)
    # Corners are kept where features are enlarged: where a pixel lies depends on the whole.
    whole: ClassVar[str] = "how its features are enlarged depends on the size"

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Denoises ``(..., H, W, bands)`` in [0, 1]; ``train`` takes the batch's statistics."""
        check_cube(x, "QRNN3D")
        check_at_least(1, "QRNN3D", features=self.features)
        layer = partial(_QuasiRecurrent, dtype=self.dtype, precision=self.precision)
        volume = as_volume(x, 4)
        y = layer(self.features, both_ways=True, name="extractor")(volume, train)
        skips, backward = [y], False
        for index, (width, stride) in enumerate(_ENCODER, start=1):
            y = layer(
                width * self.features, backward=backward, stride=stride, name=f"encoder{index}"
            )(y, train)
            skips.append(y)
            backward = not backward
        y = skips.pop()
        outputs = [1, *(width for width, _ in _ENCODER[:-1])]
        for index, (_, stride) in enumerate(reversed(_ENCODER), start=1):
            y = layer(
                outputs.pop() * self.features,
                backward=backward,
                enlarged=stride == 2,
                name=f"decoder{index}",
            )(y, train)
            y = y + skips.pop()
            backward = not backward
        y = layer(1, both_ways=True, use_bias=True, name="reconstructor")(y, train)
        return x + as_cube(y, x)


class _QuasiRecurrent(nn.Module):
    """Candidates and gates of one convolution, averaged along the bands."""

    features: int
    both_ways: bool = False
    backward: bool = False
    stride: int = 1
    enlarged: bool = False
    use_bias: bool = False
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, x, train):
        x = batch_norm(x, train, "norm", dtype=self.dtype)
        if self.enlarged:
            x = enlarge(x)
        directions = (False, True) if self.both_ways else (self.backward,)
        y = VolumeConv(
            (1 + len(directions)) * self.features,
            self.stride,
            self.use_bias,
            dtype=self.dtype,
            precision=self.precision,
            name="conv",
        )(x)
        candidate, *gates = jnp.split(y, 1 + len(directions), axis=-1)
        candidate = jnp.tanh(candidate)
        return sum(
            recurrent_pooling(candidate, nn.sigmoid(gate), backward)
            for gate, backward in zip(gates, directions, strict=True)
        )


def recurrent_pooling(z: jax.Array, f: jax.Array, backward: bool) -> jax.Array:
    """The running mean ``h[b] = f[b] h[b - 1] + (1 - f[b]) z[b]`` along the bands, from 0.

    Args:
        z: candidates ``(N, bands, ...)``.
        f: gates in (0, 1), of the same shape.
        backward: go from the last band to the first.
    """

    def step(h, band):
        z, f = band
        h = f * h + (1 - f) * z
        return h, h

    bands = (jnp.moveaxis(z, 1, 0), jnp.moveaxis(f, 1, 0))
    _, h = jax.lax.scan(step, jnp.zeros_like(z[:, 0]), bands, reverse=backward)
    return jnp.moveaxis(h, 0, 1)
