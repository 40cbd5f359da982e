from typing import Literal

import jax
import jax.numpy as jnp
import jax.scipy.fft
import numpy as np
from flax import struct

from imaging_jax._images import as_image
from imaging_jax.operators._linear_operator import LinearOperator

Transform = Literal["hadamard", "dct"]


class CompressiveSensing(LinearOperator):
    """Inner products with the rows of a matrix, ``y = matrix x`` for every channel.

    Attributes:
      matrix: ``(m, H W)``, real; pixels are counted along rows.
      orthonormal_rows: whether ``matrix @ matrix.T`` is the identity, which gives the exact
        ``proximal``.
    """

    matrix: jax.Array
    orthonormal_rows: bool = struct.field(pytree_node=False, default=False)

    def forward(self, x: jax.Array) -> jax.Array:
        """Measures ``x`` of shape ``in_shape``: ``(m, C)``."""
        height, width, channels = self.in_shape
        if np.ndim(self.matrix) != 2 or self.matrix.shape[1] != height * width:
            raise ValueError(
                f"matrix: expected shape (m, {height * width}), got {np.shape(self.matrix)}"
            )
        pixels = x.reshape(height * width, channels)
        return jnp.matmul(self.matrix, pixels, precision=jax.lax.Precision.HIGHEST)

    @property
    def proximal(self):
        """``argmin_x |A x - y|² + rho |x - z|²``; None unless the rows are orthonormal."""
        return self._proximal if self.orthonormal_rows else None

    def _proximal(self, y, z, rho):
        return z + self.H(y - self(z)) / (1 + rho)


def sample_gaussian_matrix(
    key: jax.Array, measurements: int, pixels: int, orthonormal_rows: bool = False
) -> jax.Array:
    """Draws a matrix for `CompressiveSensing`.

    Args:
      key: of the matrix.
      measurements: m, the number of rows.
      pixels: n, of columns.
      orthonormal_rows: makes the rows orthonormal, spanning a uniformly random space.

    Returns:
      ``(m, n)``: independent ``N(0, 1/m)``, of norm about ``1 + sqrt(n / m)``; or of norm 1.

    Raises:
      ValueError: where there are more orthonormal rows than columns.

    Candès, Tao, "Near-optimal signal recovery from random projections", IEEE Trans. Information
    Theory 52(12), 2006.
    """
    if orthonormal_rows and measurements > pixels:
        raise ValueError(
            f"measurements: expected at most pixels={pixels} orthonormal rows, got {measurements}"
        )
    if orthonormal_rows:
        return jnp.linalg.qr(jax.random.normal(key, (pixels, measurements)))[0].T
    return jax.random.normal(key, (measurements, pixels)) / np.sqrt(measurements)


def walsh_hadamard(x: jax.Array) -> jax.Array:
    """The orthonormal fast Walsh-Hadamard transform of the last axis, in natural order.

    Its own inverse and transpose: ``H_2n = [[H_n, H_n], [H_n, -H_n]] / sqrt(2)``.

    Args:
      x: floating-point array ``(..., n)``, n a power of two.

    Returns:
      An array of the same shape.

    Raises:
      ValueError: where n isn't a power of two.

    Fino, Algazi, "Unified matrix treatment of the fast Walsh-Hadamard transform", IEEE Trans.
    Computers C-25(11), 1976.
    """
    size = np.shape(x)[-1]
    if size & (size - 1) or size == 0:
        raise ValueError(f"x: expected a last axis of a power of two, got {np.shape(x)}")
    x = jnp.asarray(x)
    shape, half = x.shape, 1
    while half < size:
        pairs = x.reshape(*shape[:-1], size // (2 * half), 2, half)
        first, second = pairs[..., 0, :], pairs[..., 1, :]
        x = jnp.stack([first + second, first - second], axis=-2)
        half *= 2
    return x.reshape(shape) / np.sqrt(size)


class SubsampledTransform(LinearOperator):
    """Coefficients of the image with random signs: fast compressive sensing by orthonormal rows.

    ``y = (T (signs x))[indices]`` for every channel, where T is `walsh_hadamard` of the pixels
    along rows, or the two-dimensional DCT-II.

    Attributes:
      signs: ``(H, W)`` of ±1.
      indices: ``(m,)``, different integers in [0, H W).
      transform: ``"hadamard"``, where H W is a power of two, or ``"dct"``.

    Do, Gan, Nguyen, Tran, "Fast and efficient compressive sensing using structurally random
    matrices", IEEE Trans. Signal Processing 60(1), 2012.
    """

    signs: jax.Array
    indices: jax.Array
    transform: Transform = struct.field(pytree_node=False, default="hadamard")

    def forward(self, x: jax.Array) -> jax.Array:
        """Measures ``x`` of shape ``in_shape``: ``(m, C)``."""
        x = as_image("x", x)
        if np.shape(self.signs) != self.in_shape[:2]:
            raise ValueError(
                f"signs: expected shape {self.in_shape[:2]}, got {np.shape(self.signs)}"
            )
        planes = jnp.moveaxis(jnp.asarray(self.signs, x.dtype)[..., None] * x, -1, 0)
        if self.transform == "hadamard":
            coefficients = walsh_hadamard(planes.reshape(len(planes), -1))
        elif self.transform == "dct":
            coefficients = jax.scipy.fft.dctn(planes, axes=(-2, -1), norm="ortho")
            coefficients = coefficients.reshape(len(planes), -1)
        else:
            raise ValueError(f"transform: expected 'hadamard' or 'dct', got {self.transform!r}")
        return coefficients[:, self.indices].T

    @property
    def proximal(self):
        """``argmin_x |A x - y|² + rho |x - z|²``: the rows are orthonormal."""
        return self._proximal

    def _proximal(self, y, z, rho):
        return z + self.H(y - self(z)) / (1 + rho)


def sample_subsampled_transform(
    key: jax.Array,
    in_shape: tuple[int, int, int],
    measurements: int,
    transform: Transform = "hadamard",
) -> SubsampledTransform:
    """Draws the signs and coefficients of a `SubsampledTransform` of float32 images.

    Args:
      key: of both.
      in_shape: (H, W, C).
      measurements: m, at most H W.
      transform: as of `SubsampledTransform`.

    Raises:
      ValueError: where ``measurements`` is out of range.
    """
    pixels = in_shape[0] * in_shape[1]
    if not 1 <= measurements <= pixels:
        raise ValueError(f"measurements: expected 1 to {pixels}, got {measurements}")
    key_signs, key_indices = jax.random.split(key)
    signs = jax.random.rademacher(key_signs, in_shape[:2], jnp.float32)
    indices = jax.random.permutation(key_indices, pixels)[:measurements]
    return SubsampledTransform(signs, indices, transform, in_shape=in_shape)
