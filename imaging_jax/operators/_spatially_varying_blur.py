import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

from imaging_jax._images import as_image
from imaging_jax.operators._blur import Boundary, blur
from imaging_jax.operators._linear_operator import LinearOperator


def spatially_varying_blur(
    x: jax.Array, kernels: jax.Array, boundary: Boundary = "symmetric"
) -> jax.Array:
    """Blurs images with a kernel that changes smoothly over the field.

    The kernels belong to the middles of ``R x Q`` equal tiles; the pixel between four middles is
    seen through their bilinear mean, beyond the outer ones through the nearest:
    ``y = sum_k w_k (kernel_k * x)`` with weights that add up to 1 everywhere.

    Args:
      x: images ``(..., H, W, C)``.
      kernels: ``(R, Q, h, w)``, real, each as of `blur`.
      boundary: as of `blur`, but not ``"valid"``.

    Returns:
      Images of the shape of ``x``.

    Raises:
      ValueError: where ``kernels`` isn't such a grid, ``boundary`` is ``"valid"``, or an argument
        doesn't suit `blur`.

    Denis, Thiébaut, Soulez, Becker, Mourya, "Fast approximations of shift-variant blur", IJCV 115,
    2015, section 3.4.
    """
    x = as_image("x", x)
    if np.ndim(kernels) != 4 or 0 in np.shape(kernels):
        raise ValueError(f"kernels: expected shape (R, Q, h, w), got {np.shape(kernels)}")
    if boundary == "valid":
        raise ValueError("boundary: expected one that keeps the size, got 'valid'")
    grid = np.shape(kernels)[:2]
    rows, columns = (_tile_weights(n, size) for n, size in zip(grid, x.shape[-3:-1], strict=True))
    dtype = jnp.finfo(x.dtype).dtype
    return sum(
        jnp.asarray(rows[r][:, None, None] * columns[q][:, None], dtype)
        * blur(x, kernels[r, q], boundary)
        for r, q in np.ndindex(*grid)
    )


class SpatiallyVaryingBlur(LinearOperator):
    """`spatially_varying_blur` as a linear operator, differentiable in its kernels.

    Attributes:
      kernels: ``(R, Q, h, w)``, real.
      boundary: as of `spatially_varying_blur`.
    """

    kernels: jax.Array
    boundary: Boundary = struct.field(pytree_node=False, default="symmetric")

    def forward(self, x: jax.Array) -> jax.Array:
        """Blurs ``x`` of shape ``in_shape``."""
        return spatially_varying_blur(x, self.kernels, self.boundary)


def _tile_weights(count, size):
    """(count, size): how much each tile counts at each pixel along one axis."""
    place = ((np.arange(size) + 0.5) * count / size - 0.5).clip(0, count - 1)
    return np.maximum(1 - np.abs(place - np.arange(count)[:, None]), 0)
