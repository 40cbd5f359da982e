import jax
import jax.numpy as jnp


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
    _check_size(size)
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
    _check_size(size)
    return jnp.full((size, size), 1 / size**2)


def _check_size(size):
    if size < 1:
        raise ValueError(f"size: expected a positive integer, got {size}")
