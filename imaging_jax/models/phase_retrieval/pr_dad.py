import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from imaging_jax.models.layers import (
    Conv,
    PReLU,
    batch_norm,
    check_at_least,
    check_batch,
    fan_in_uniform,
    torch_kernel,
)

_LEAK = 0.2
"""Of the convolutions' LeakyReLU."""


class PRDADPredictor(nn.Module):
    """Predicts the features of an image from magnitudes: PR-DAD's dense and convolutional parts.

    Dense layers, each with batch norm and a PReLU for every unit, double in width until the last,
    which makes the features; two blocks of two 3x3 convolutions with batch norm and LeakyReLU
    double their channels, and a 1x1 convolution brings them back. What features are is the
    decoder's affair: subbands of the Haar packet (`imaging_jax.transforms.inverse_haar_packet`), or
    the maps of a trained `PRDADDecoder`. For 48x48 magnitudes and the 8x8x16 subbands of a 32x32
    image it has 19,418,832 parameters, for the 8x8x64 maps of a decoder 35,230,656.

    The paper's slides draw three blocks of convolutions and batch norm of two dimensions between
    dense layers; the released code, and this, have two blocks and batch norm of one.

    Attributes:
        grid: height and width of the whole plane of magnitudes.
        feature_shape: height, width and channels of the features.
        dtype: type of computation; parameters are float32.
        precision: of products and convolutions.

    Raises:
        ValueError: on magnitudes of another grid, or a size below 1.

    Source: Gugel, Dekel, "PR-DAD: phase retrieval using deep auto-decoders", arXiv 2204.09051,
    2022; sizes of the authors' code.
    """

    grid: tuple[int, int] = (48, 48)
    feature_shape: tuple[int, int, int] = (8, 8, 16)
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, magnitude: jax.Array, train: bool = False) -> jax.Array:
        """Predicts features.

        Args:
            magnitude: ``(N, P, Q // 2 + 1, 1)``: half of the plane, as of a real transform, of the
                normalized image.
            train: take the batch's statistics and update the running ones.

        Returns:
            ``(N, *feature_shape)``.
        """
        name = type(self).__name__
        for field in ("grid", "feature_shape"):
            check_at_least(1, name, **{field: min(getattr(self, field))})
        rows, columns = self.grid
        check_batch(magnitude, "magnitude", (rows, columns // 2 + 1, 1), name)
        x = magnitude.reshape(magnitude.shape[0], -1)
        for index, width in enumerate(self._widths(x.shape[-1])):
            x = nn.Dense(
                width,
                kernel_init=torch_kernel,
                bias_init=fan_in_uniform(x.shape[-1]),
                dtype=self.dtype,
                precision=self.precision,
                name=f"dense{index + 1}",
            )(x)
            x = batch_norm(x, train, f"norm{index + 1}", dtype=self.dtype)
            x = PReLU(name=f"prelu{index + 1}")(x)
        x = x.reshape(-1, *self.feature_shape)
        channels = self.feature_shape[-1]
        for index in (1, 2):
            width = channels * 2**index
            x = _DoubleConv(width, self.dtype, self.precision, name=f"block{index}")(x, train)
        x = _conv(channels, 1, x, self.dtype, self.precision, "head")
        return x.astype(jnp.float32)

    def _widths(self, inputs: int) -> list[int]:
        last = math.prod(self.feature_shape)
        depth = max(3, math.floor(math.log2(last / inputs)) + 1)
        return [inputs * 2**k for k in range(1, depth)] + [last]


class _AutoencoderHalf(nn.Module):
    features: int = 64
    depth: int = 3
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    def _check_fields(self):
        name = type(self).__name__
        check_at_least(1, name, features=self.features, depth=self.depth)
        if self.features % 2**self.depth:
            raise ValueError(
                f"{name}: features must be a multiple of 2^depth = {2**self.depth}, "
                f"got {self.features}"
            )


class PRDADEncoder(_AutoencoderHalf):
    """Encodes an image as sparse maps: the first half of PR-DAD II's auto-encoder.

    Two 3x3 convolutions at full size, then as often as ``depth`` says less one: the mean of 2x2
    pixels and two convolutions with twice the channels. 72,240 parameters.

    Attributes:
        features: channels of the maps.
        depth: sizes that the image goes through.
        dtype: type of computation; parameters are float32.
        precision: of the convolutions.

    Raises:
        ValueError: on features that ``2^depth`` doesn't divide, as the decoder wants them.

    Source: Gugel, Dekel, arXiv 2204.09051, variant II; sizes of the authors' code.
    """

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Maps normalized images ``(N, H, W, 1)`` to ``(N, H / 2^(depth - 1), …, features)``."""
        self._check_fields()
        width = self.features // 2 ** (self.depth - 1)
        x = _DoubleConv(width, self.dtype, self.precision, name="block1")(x, train)
        for index in range(2, self.depth + 1):
            x = nn.avg_pool(x, (2, 2), (2, 2))
            width *= 2
            x = _DoubleConv(width, self.dtype, self.precision, name=f"block{index}")(x, train)
        return x.astype(jnp.float32)


class PRDADDecoder(_AutoencoderHalf):
    """Decodes maps to an image: the second half of PR-DAD II's auto-encoder.

    As often as ``depth`` says less one: bilinear enlargement, corners on corners, a 3x3 convolution
    that halves the channels, and two more; then two convolutions and one of 1x1. 48,297 parameters.

    Attributes:
        features: channels of the maps.
        depth: sizes that the image goes through.
        dtype: type of computation; parameters are float32.
        precision: of the convolutions.

    Raises:
        ValueError: on features that ``2^depth`` doesn't divide.

    Source: Gugel, Dekel, arXiv 2204.09051, variant II; sizes of the authors' code.
    """

    @nn.compact
    def __call__(self, maps: jax.Array, train: bool = False) -> jax.Array:
        """Maps ``(N, h, w, features)`` to normalized images ``(N, 2^(depth - 1) h, …, 1)``."""
        self._check_fields()
        x, width = maps, self.features
        for index in range(1, self.depth):
            width //= 2
            x = jnp.pad(_doubled(x), [(0, 0), (1, 1), (1, 1), (0, 0)], mode="edge")
            x = _conv(width, 3, x, self.dtype, self.precision, f"up{index}", padding="VALID")
            x = nn.leaky_relu(batch_norm(x, train, f"up{index}_norm", dtype=self.dtype), _LEAK)
            x = _DoubleConv(width, self.dtype, self.precision, name=f"block{index}")(x, train)
        last = _DoubleConv(width // 2, self.dtype, self.precision, name=f"block{self.depth}")
        x = _conv(1, 1, last(x, train), self.dtype, self.precision, "head")
        return x.astype(jnp.float32)


class _DoubleConv(nn.Module):
    """Two 3x3 convolutions, each with batch norm and LeakyReLU."""

    features: int
    dtype: Any
    precision: jax.lax.PrecisionLike

    @nn.compact
    def __call__(self, x, train):
        for index in (1, 2):
            x = _conv(self.features, 3, x, self.dtype, self.precision, f"conv{index}")
            x = nn.leaky_relu(batch_norm(x, train, f"norm{index}", dtype=self.dtype), _LEAK)
        return x


def _conv(features, size, x, dtype, precision, name, padding="SAME"):
    return Conv(
        features,
        (size, size),
        padding=padding,
        kernel_init=torch_kernel,
        bias_init=fan_in_uniform(size**2 * x.shape[-1]),
        dtype=dtype,
        precision=precision,
        name=name,
    )(x)


def _doubled(x):
    """Enlarges ``(N, h, w, C)`` twice, bilinearly, so that corners stay on corners."""
    rows, columns = (jnp.asarray(_enlargement(size), x.dtype) for size in x.shape[1:3])
    return jnp.einsum("ih,jw,nhwc->nijc", rows, columns, x)


def _enlargement(size: int) -> np.ndarray:
    place = np.arange(2 * size) * (size - 1) / (2 * size - 1)
    return np.maximum(0, 1 - np.abs(place[:, None] - np.arange(size)))
