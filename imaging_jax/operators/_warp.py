import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

from imaging_jax._images import as_image
from imaging_jax.operators._linear_operator import LinearOperator


def affine_warp(
    x: jax.Array, matrix: jax.Array, offset: jax.Array, shape: tuple[int, int]
) -> jax.Array:
    """Resamples images under an affine map by cubic convolution, without antialiasing.

    Pixel p = (row, column) of the result is the image at ``matrix @ p + offset``; outside, the
    image continues mirrored with its edge pixel repeated. Differentiable in all arrays.

    Args:
      x: images ``(..., H, W, C)``.
      matrix: ``(2, 2)``, acting on (row, column).
      offset: ``(2,)``, in pixels.
      shape: (height, width) of the result.

    Returns:
      Images ``(..., height, width, C)`` of the dtype of ``x``.

    Raises:
      ValueError: where ``x`` isn't a floating-point image, or the arrays or ``shape`` have other
        shapes than those above.

    Keys, "Cubic convolution interpolation for digital image processing", IEEE TASSP 29(6), 1981.
    """
    x = as_image("x", x)
    if np.shape(matrix) != (2, 2) or np.shape(offset) != (2,):
        raise ValueError(
            "matrix, offset: expected shapes (2, 2) and (2,), "
            f"got {np.shape(matrix)} and {np.shape(offset)}"
        )
    _check_shape(shape)
    dtype = jnp.finfo(x.dtype).dtype
    pixels = jnp.asarray(np.indices(shape), dtype)
    precision = jax.lax.Precision.HIGHEST
    places = jnp.einsum("ij,jyx->iyx", jnp.asarray(matrix, dtype), pixels, precision=precision)
    return _resample(x, places + jnp.asarray(offset, dtype)[:, None, None])


class AffineWarp(LinearOperator):
    """`affine_warp` as a linear operator, differentiable in its map.

    Attributes:
      matrix: ``(2, 2)``, acting on (row, column).
      offset: ``(2,)``, in pixels.
      shape: (height, width) of the result.
    """

    matrix: jax.Array
    offset: jax.Array
    shape: tuple[int, int] = struct.field(pytree_node=False)

    def forward(self, x: jax.Array) -> jax.Array:
        """Warps ``x`` of shape ``in_shape``."""
        return affine_warp(x, self.matrix, self.offset, self.shape)


def homography_warp(x: jax.Array, matrix: jax.Array, shape: tuple[int, int]) -> jax.Array:
    """Resamples images under a projective map by cubic convolution, without antialiasing.

    Pixel p = (row, column) of the result is the image at ``(a, b) / c`` where
    ``(a, b, c) = matrix @ (row, column, 1)``; outside, the image continues mirrored with its edge
    pixel repeated. Differentiable in all arrays where ``c`` keeps away from 0.

    Args:
      x: images ``(..., H, W, C)``.
      matrix: ``(3, 3)``, acting on (row, column, 1).
      shape: (height, width) of the result.

    Returns:
      Images ``(..., height, width, C)`` of the dtype of ``x``.

    Raises:
      ValueError: where ``x`` isn't a floating-point image, or ``matrix`` or ``shape`` have other
        shapes than those above.

    Hartley, Zisserman, "Multiple view geometry in computer vision", 2nd ed., 2004, section 2.3.
    """
    x = as_image("x", x)
    if np.shape(matrix) != (3, 3):
        raise ValueError(f"matrix: expected shape (3, 3), got {np.shape(matrix)}")
    _check_shape(shape)
    dtype = jnp.finfo(x.dtype).dtype
    pixels = jnp.asarray(np.concatenate([np.indices(shape), np.ones((1, *shape))]), dtype)
    precision = jax.lax.Precision.HIGHEST
    places = jnp.einsum("ij,jyx->iyx", jnp.asarray(matrix, dtype), pixels, precision=precision)
    return _resample(x, places[:2] / places[2])


class HomographyWarp(LinearOperator):
    """`homography_warp` as a linear operator, differentiable in its map.

    Attributes:
      matrix: ``(3, 3)``, acting on (row, column, 1).
      shape: (height, width) of the result.
    """

    matrix: jax.Array
    shape: tuple[int, int] = struct.field(pytree_node=False)

    def forward(self, x: jax.Array) -> jax.Array:
        """Warps ``x`` of shape ``in_shape``."""
        return homography_warp(x, self.matrix, self.shape)


def _check_shape(shape):
    if len(shape) != 2 or min(shape) < 1:
        raise ValueError(f"shape: expected (height, width), at least 1 each, got {shape}")


def _resample(x, places):
    rows, columns = (_taps(p, size) for p, size in zip(places, x.shape[-3:-1], strict=True))
    # Sixteen gathers of the result's size: less memory than one of all taps.
    return sum(
        (row_weight * column_weight)[..., None] * x[..., row, column, :]
        for row, row_weight in rows
        for column, column_weight in columns
    )


def _taps(place, size):
    """The four (index, weight) pairs around every place along one axis."""
    first = jnp.floor(place)
    t = place - first
    weights = (
        ((-0.5 * t + 1) * t - 0.5) * t,
        (1.5 * t - 2.5) * t**2 + 1,
        ((-1.5 * t + 2) * t + 0.5) * t,
        (0.5 * t - 0.5) * t**2,
    )
    # Clipped before it becomes an integer: a far place must not overflow.
    first = jnp.clip(first, -1e6, 1e6).astype(jnp.int32)
    return [(_mirrored(first + k - 1, size), weight) for k, weight in enumerate(weights)]


def _mirrored(index, size):
    index = index % (2 * size)
    return jnp.where(index < size, index, 2 * size - 1 - index)
