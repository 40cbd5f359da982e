import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax._counts import check_counts
from imaging_jax.operators._levels import check_above
from imaging_jax.operators._warp import affine_warp


def gaussian_kernel(size: int, sigma: float | jax.Array) -> jax.Array:
    """An isotropic Gaussian blur kernel, sampled at the pixel centres.

    Args:
      size: of both sides in pixels; the peak of an even kernel lies between its middle pixels.
      sigma: standard deviation in pixels, positive.

    Returns:
      A kernel ``(size, size)`` with sum 1, differentiable in ``sigma``.

    Raises:
      ValueError: where ``size`` isn't positive.
    """
    return anisotropic_gaussian_kernel(size, sigma, sigma, 0.0)


def anisotropic_gaussian_kernel(
    size: int,
    sigma_major: float | jax.Array,
    sigma_minor: float | jax.Array,
    theta: float | jax.Array,
) -> jax.Array:
    """A Gaussian blur kernel of covariance ``R(theta) diag(sigma_major², sigma_minor²) R(theta)ᵀ``.

    Args:
      size: of both sides in pixels; the peak of an even kernel lies between its middle pixels.
      sigma_major: standard deviation along the major axis in pixels, positive.
      sigma_minor: standard deviation across it in pixels, positive.
      theta: angle in radians from the columns' direction (x, to the right) to the major axis,
        positive towards growing row index (y, downwards).

    Returns:
      A kernel ``(size, size)`` with sum 1, differentiable in the other arguments.

    Raises:
      ValueError: where ``size`` isn't positive.
    """
    check_counts(size=size)
    check_above("sigma_major", sigma_major, 0)
    check_above("sigma_minor", sigma_minor, 0)
    offsets = jnp.arange(size) - (size - 1) / 2
    y, x = offsets[:, None], offsets[None, :]
    along = (jnp.cos(theta) * x + jnp.sin(theta) * y) / sigma_major
    across = (jnp.cos(theta) * y - jnp.sin(theta) * x) / sigma_minor
    # The softmax is the normalised exponential that can't underflow to 0/0 at a small sigma.
    return jax.nn.softmax(-0.5 * (along**2 + across**2), axis=(0, 1))


def box_kernel(size: int) -> jax.Array:
    """A uniform blur kernel.

    Args:
      size: of both sides in pixels.

    Returns:
      A kernel ``(size, size)`` of ``1 / size²``.

    Raises:
      ValueError: where ``size`` isn't positive.
    """
    check_counts(size=size)
    return jnp.full((size, size), 1 / size**2)


def binomial_kernel(size: int = 5) -> jax.Array:
    """The product of two rows of Pascal's triangle, a small Gaussian in integers.

    Args:
      size: of both sides in pixels; 5 gives ``[1, 4, 6, 4, 1] / 16`` along each axis.

    Returns:
      A kernel ``(size, size)`` with sum 1, of variance ``(size - 1) / 4`` along each axis.

    Raises:
      ValueError: where ``size`` isn't positive.
    """
    check_counts(size=size)
    row = np.ones(1)
    for _ in range(size - 1):
        row = np.convolve(row, [0.5, 0.5])
    return jnp.asarray(np.outer(row, row))


def disk_kernel(size: int, radius: float | jax.Array) -> jax.Array:
    """The blur of a lens out of focus: a disk, each pixel weighted by the area that it covers.

    Args:
      size: of both sides in pixels; the disk is centred, between the pixels of an even kernel.
      radius: in pixels, positive.

    Returns:
      A kernel ``(size, size)`` with sum 1, differentiable in ``radius``.

    Raises:
      ValueError: where ``size`` isn't positive.
    """
    check_counts(size=size)
    edges = jnp.arange(size + 1) - size / 2
    corners = _disk_area(edges[:, None], edges[None, :], radius)
    area = jnp.diff(jnp.diff(corners, axis=0), axis=1)
    return area / area.sum()


def _disk_area(x, y, radius):
    """Signed area of the disk within the rectangle between (0, 0) and (x, y)."""
    sign = jnp.sign(x) * jnp.sign(y)
    x, y = jnp.minimum(jnp.abs(x), radius), jnp.minimum(jnp.abs(y), radius)
    # Up to here the rectangle's upper side lies within the disk, then the circle bounds the area.
    turn = _leg(y, radius)
    arc = _area_below_circle(x, radius) - _area_below_circle(turn, radius)
    return sign * jnp.where(x <= turn, x * y, turn * y + arc)


def _area_below_circle(x, radius):
    """The integral of sqrt(radius² - t²) over t from 0 to x."""
    return (x * _leg(x, radius) + radius**2 * jnp.arctan2(x, _leg(x, radius))) / 2


def _leg(x, radius):
    square = radius**2 - x**2
    # The derivative at 0, where the root's is infinite, doesn't count in the areas.
    return jnp.where(square > 0, jnp.sqrt(jnp.where(square > 0, square, 1)), 0)


def centre_kernel(kernel: jax.Array, scale: int = 1) -> jax.Array:
    """Moves a blur kernel so that blurring and decimating by it keeps the image in place.

    The centroid goes to ``floor(size / 2) - (scale - 1) / 2`` along both axes: after `blur` and
    `downsample` at offset 0, pixel i sees the middle of its block, ``i scale + (scale - 1) / 2``,
    as in images reduced by area or `resize`. Cubic convolution moves centroid and spread exactly
    as long as the support, grown by two pixels, stays inside; it may leave small negative weights.

    Args:
      kernel: ``(h, w)``, of non-zero sum.
      scale: of the decimation.

    Returns:
      A kernel of the same shape with sum 1, differentiable in ``kernel``.

    Raises:
      ValueError: where ``kernel`` isn't a matrix or ``scale`` isn't positive.

    The convention of the blur kernels of Zhang, Van Gool, Timofte, "Deep unfolding network for
    image super-resolution", CVPR 2020.
    """
    if np.ndim(kernel) != 2 or 0 in np.shape(kernel):
        raise ValueError(f"kernel: expected a matrix (h, w), got shape {np.shape(kernel)}")
    check_counts(scale=scale)
    kernel = jnp.asarray(kernel) / jnp.sum(kernel)
    height, width = kernel.shape
    centroid = jnp.stack(
        [
            jnp.sum(jnp.arange(height)[:, None] * kernel),
            jnp.sum(jnp.arange(width)[None, :] * kernel),
        ]
    )
    wanted = np.array([height // 2, width // 2]) - (scale - 1) / 2
    # In a frame of zeros: nothing is mirrored back in.
    framed = jnp.pad(kernel, [(height, height), (width, width)])[..., None]
    offset = centroid - wanted + np.array([height, width])
    moved = affine_warp(framed, np.eye(2), offset, (height, width))[..., 0]
    return moved / jnp.sum(moved)
