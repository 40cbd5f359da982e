from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax._images import as_image

DifferenceBoundary = Literal["neumann", "circular"]


def finite_differences(
    x: jax.Array, boundary: DifferenceBoundary = "neumann"
) -> tuple[jax.Array, jax.Array]:
    """Forward differences of every channel, ``x[i + 1] - x[i]``, the discrete gradient.

    Its squared norm is ``8 cos²(pi / (2N))`` for N x N pixels and ``"neumann"``, and 8 for even
    sizes and ``"circular"``.

    Args:
      x: images ``(..., H, W, C)``, real or complex, any size.
      boundary: at the last row and column: ``"neumann"`` makes the difference 0, ``"circular"``
        takes the first row and column as the next.

    Returns:
      The differences along height and along width, each ``(..., H, W, C)``.

    Raises:
      ValueError: where ``x`` isn't a floating-point image or ``boundary`` isn't one of those above.
    """
    x = as_image("x", x)
    _check_boundary(boundary)
    return _difference(x, -3, boundary), _difference(x, -2, boundary)


def finite_differences_adjoint(
    p: tuple[jax.Array, jax.Array], boundary: DifferenceBoundary = "neumann"
) -> jax.Array:
    """The exact adjoint of `finite_differences`: minus the divergence.

    Args:
      p: fields along height and along width, each ``(..., H, W, C)``.
      boundary: as of `finite_differences`.

    Returns:
      ``(..., H, W, C)``.

    Raises:
      ValueError: where ``p`` isn't a pair of floating-point images of one shape, or ``boundary``
        isn't one of `finite_differences`.
    """
    if len(p) != 2 or np.shape(p[0]) != np.shape(p[1]):
        raise ValueError(
            f"p: expected two images of one shape, got shapes {[np.shape(field) for field in p]}"
        )
    vertical, horizontal = (as_image("p", field) for field in p)
    _check_boundary(boundary)
    return _adjoint_difference(vertical, -3, boundary) + _adjoint_difference(
        horizontal, -2, boundary
    )


def _difference(x, axis, boundary):
    if boundary == "circular":
        return jnp.roll(x, -1, axis) - x
    return _pad(jnp.diff(x, axis=axis), axis, (0, 1))


def _adjoint_difference(p, axis, boundary):
    if boundary == "circular":
        return jnp.roll(p, 1, axis) - p
    # The last difference is always 0, whatever p says there.
    inner = jax.lax.slice_in_dim(p, 0, p.shape[axis] - 1, axis=axis % p.ndim)
    return _pad(inner, axis, (1, 0)) - _pad(inner, axis, (0, 1))


def _pad(x, axis, widths):
    padding = [(0, 0)] * x.ndim
    padding[axis] = widths
    return jnp.pad(x, padding)


def _check_boundary(boundary):
    if boundary not in ("neumann", "circular"):
        raise ValueError(f"boundary: expected 'neumann' or 'circular', got {boundary!r}")
