"""What networks of volumes ``(N, bands, H, W, C)`` share."""

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from flax.typing import Initializer

from imaging_jax.models.layers import convolve_volumes, pad_to_multiple, resize_aligned


class VolumeConv(nn.Module):
    """A 3x3x3 convolution of bands, rows and columns, zeros around the volume.

    Attributes:
        features: output channels.
        stride: of rows and columns; all bands are kept.
        use_bias: add a bias to each channel.
        kernel_init: of the kernel, (band, row, column, in, out).
        dtype: type of computation; parameters are float32.
        precision: of the convolution.
    """

    features: int
    stride: int = 1
    use_bias: bool = False
    kernel_init: Initializer = nn.initializers.variance_scaling(2.0, "fan_in", "normal")
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Maps ``(N, bands, H, W, C)`` to ``(N, bands, ⌈H / stride⌉, ⌈W / stride⌉, features)``."""
        kernel = self.param("kernel", self.kernel_init, (3, 3, 3, x.shape[-1], self.features))
        y = convolve_volumes(
            x.astype(self.dtype),
            kernel.astype(self.dtype),
            stride=self.stride,
            precision=self.precision,
        )
        if self.use_bias:
            y = y + self.param("bias", nn.initializers.zeros, (self.features,)).astype(y.dtype)
        return y


def as_volume(x: jax.Array, multiple: int) -> jax.Array:
    """Cubes ``(..., H, W, bands)`` as ``(N, bands, H', W', 1)``, continued by their edges.

    Args:
        x: cubes.
        multiple: of the sides H' and W'.
    """
    padded = pad_to_multiple(x.reshape(-1, *x.shape[-3:]), multiple, "edge")
    return jnp.moveaxis(padded, -1, 1)[..., None]


def as_cube(volume: jax.Array, x: jax.Array) -> jax.Array:
    """The volume ``(N, bands, H', W', 1)`` in the shape and type of the cubes ``x``."""
    height, width = x.shape[-3:-1]
    cubes = jnp.moveaxis(volume[..., 0], 1, -1)[:, :height, :width]
    return cubes.reshape(x.shape).astype(x.dtype)


def enlarge(volume: jax.Array) -> jax.Array:
    """Doubles rows and columns linearly; the corners stay where they are."""
    batch, bands, height, width, features = volume.shape
    images = volume.reshape(batch * bands, height, width, features)
    return resize_aligned(images, 2 * height, 2 * width).reshape(
        batch, bands, 2 * height, 2 * width, features
    )
