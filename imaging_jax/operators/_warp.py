from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

from imaging_jax._images import as_image
from imaging_jax.operators._linear_operator import LinearOperator


def warp(
    x: jax.Array, places: jax.Array, interpolation: Literal["cubic", "nearest"] = "cubic"
) -> jax.Array:
    """Resamples images at any places, without antialiasing.

    Outside, the image continues mirrored with its edge pixel repeated. Differentiable in the image,
    and by cubic convolution in the places.

    Args:
      x: images ``(..., H, W, C)``.
      places: ``(2, height, width)``, row and column in ``x`` of each pixel of the result.
      interpolation: "cubic" convolution, or the "nearest" pixel, as maps of classes want it.

    Returns:
      Images ``(..., height, width, C)`` of the dtype of ``x``.

    Raises:
      ValueError: where ``x`` isn't a floating-point image, ``places`` has another shape, or the
        interpolation is unknown.

    Keys, "Cubic convolution interpolation for digital image processing", IEEE TASSP 29(6), 1981.
    """
    x = as_image("x", x)
    if np.ndim(places) != 3 or np.shape(places)[0] != 2:
        raise ValueError(f"places: expected shape (2, height, width), got {np.shape(places)}")
    if interpolation not in _TAPS:
        raise ValueError(f"interpolation: known are {', '.join(_TAPS)}, got {interpolation!r}")
    return _resample(x, jnp.asarray(places, jnp.finfo(x.dtype).dtype), _TAPS[interpolation])


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
    return _resample(x, places + jnp.asarray(offset, dtype)[:, None, None], _cubic)


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
    return _resample(x, places[:2] / places[2], _cubic)


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


def _resample(x, places, taps):
    rows, columns = (taps(p, size) for p, size in zip(places, x.shape[-3:-1], strict=True))
    # Sixteen gathers of the result's size: less memory than one of all taps.
    return sum(
        (row_weight * column_weight)[..., None] * x[..., row, column, :]
        for row, row_weight in rows
        for column, column_weight in columns
    )


def _nearest(place, size):
    """The one (index, weight) pair of every place along one axis."""
    return [(_mirrored(_whole(jnp.floor(place + 0.5)), size), jnp.ones_like(place))]


def _cubic(place, size):
    """The four (index, weight) pairs around every place along one axis."""
    first = jnp.floor(place)
    t = place - first
    weights = (
        ((-0.5 * t + 1) * t - 0.5) * t,
        (1.5 * t - 2.5) * t**2 + 1,
        ((-1.5 * t + 2) * t + 0.5) * t,
        (0.5 * t - 0.5) * t**2,
    )
    first = _whole(first)
    return [(_mirrored(first + k - 1, size), weight) for k, weight in enumerate(weights)]


_TAPS = {"cubic": _cubic, "nearest": _nearest}


def _whole(place):
    # Clipped before it becomes an integer: a far place must not overflow.
    return jnp.clip(place, -1e6, 1e6).astype(jnp.int32)


def _mirrored(index, size):
    index = index % (2 * size)
    return jnp.where(index < size, index, 2 * size - 1 - index)
