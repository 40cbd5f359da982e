import functools

import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax._images import as_image
from imaging_jax.transforms._pixel_shuffle import depth_to_space, space_to_depth

# Average, difference along width, difference along height, difference along both.
_LEVEL_1 = 0.5 * np.array(
    [[[1, 1], [1, 1]], [[1, -1], [1, -1]], [[1, 1], [-1, -1]], [[1, -1], [-1, 1]]]
)


def haar_packet(x: jax.Array, depth: int) -> jax.Array:
    """The full Haar wavelet packet of every channel, as one strided convolution.

    The ``4**depth`` filters of ``2**depth`` pixels a side have entries ``±2**-depth`` and are
    Kronecker products, ``F_s[4c + e] = F_{s-1}[c] ⊗ F_1[e]``; as a matrix they are orthonormal. The
    first channel of a constant image ``v`` is ``2**depth v``, the others 0.

    Args:
      x: images ``(..., H, W, C)``, height and width divisible by ``2**depth``.
      depth: at least 1.

    Returns:
      ``(..., H / 2**depth, W / 2**depth, 4**depth C)``, channel ``band * C + c``: as
      `wavelet_packet` with ``"haar"``, in one step.

    Raises:
      ValueError: where ``x`` isn't a floating-point image of such a size, or ``depth`` isn't
        positive.
    """
    x = as_image("x", x)
    if depth < 1:
        raise ValueError(f"depth: expected at least 1, got {depth}")
    # Stride and kernel size are equal: pixels move into channels and meet a matrix.
    return _multiply(_filters(depth), space_to_depth(x, 2**depth))


def inverse_haar_packet(coefficients: jax.Array, depth: int) -> jax.Array:
    """Inverts `haar_packet`, by its transpose.

    Args:
      coefficients: ``(..., H, W, 4**depth C)``.
      depth: the same.

    Returns:
      Images ``(..., 2**depth H, 2**depth W, C)``.

    Raises:
      ValueError: where ``4**depth`` doesn't divide the channels, or ``depth`` isn't positive.
    """
    coefficients = as_image("coefficients", coefficients)
    if depth < 1:
        raise ValueError(f"depth: expected at least 1, got {depth}")
    if coefficients.shape[-1] % 4**depth:
        raise ValueError(
            f"coefficients: expected a multiple of 4**depth = {4**depth} channels, "
            f"got {coefficients.shape}"
        )
    return depth_to_space(_multiply(_filters(depth).T, coefficients), 2**depth)


@functools.cache
def _filters(depth: int) -> np.ndarray:
    """``(4**depth, 4**depth)``: filters by pixels."""
    filters = np.ones((1, 1, 1))
    for _ in range(depth):
        filters = np.stack([np.kron(coarse, fine) for coarse in filters for fine in _LEVEL_1])
    return filters.reshape(4**depth, 4**depth)


def _multiply(matrix, x):
    bands = x.reshape(*x.shape[:-1], matrix.shape[1], -1)
    product = jnp.einsum(
        "kp,...pc->...kc",
        jnp.asarray(matrix, x.dtype),
        bands,
        precision=jax.lax.Precision.HIGHEST,
    )
    return product.reshape(x.shape)
