import jax
import jax.numpy as jnp

from imaging_jax.operators._kernels import anisotropic_gaussian_kernel


def sample_gaussian_kernel(
    key: jax.Array,
    size: int = 15,
    minimum: float = 0.6,
    maximum: float = 10.0,
    isotropic: bool = False,
) -> jax.Array:
    """Draws a Gaussian blur kernel, its variances and its direction uniform.

    Args:
      key: of the kernel.
      size: of both sides in pixels.
      minimum: of the variance along each axis, pixels², positive; 0.6 with sizes of 15 and 25.
      maximum: of the variance; 10 with a size of 15, 12 with 25.
      isotropic: one variance for both axes.

    Returns:
      A kernel ``(size, size)`` with sum 1.

    Raises:
      ValueError: where ``size`` isn't positive or not ``0 < minimum <= maximum``.

    Ranges of Zhang, Zuo, Zhang, "Learning a single convolutional super-resolution network for
    multiple degradations", CVPR 2018, as in its successors' code.
    """
    if not 0 < minimum <= maximum:
        raise ValueError(
            f"minimum, maximum: expected 0 < minimum <= maximum, got {minimum}, {maximum}"
        )
    key_variance, key_theta = jax.random.split(key)
    variances = jax.random.uniform(key_variance, (2,), minval=minimum, maxval=maximum)
    major, minor = jnp.sqrt(variances[:1] if isotropic else variances).repeat(1 + isotropic)
    theta = jax.random.uniform(key_theta, maxval=jnp.pi)
    return anisotropic_gaussian_kernel(size, major, minor, theta)


def sample_sigma(
    key: jax.Array, minimum: float, maximum: float, shape: tuple[int, ...] = ()
) -> jax.Array:
    """Draws noise levels uniformly.

    Args:
      key: of the levels.
      minimum: at least 0.
      maximum: at least ``minimum``; 50/255 for the usual blind denoisers.
      shape: of the result, such as ``(N, 1, 1, 1)`` for one level an image.

    Returns:
      An array of ``shape``.

    Raises:
      ValueError: where not ``0 <= minimum <= maximum``.
    """
    if not 0 <= minimum <= maximum:
        raise ValueError(
            f"minimum, maximum: expected 0 <= minimum <= maximum, got {minimum}, {maximum}"
        )
    return jax.random.uniform(key, shape, minval=minimum, maxval=maximum)


def sample_raw_noise_levels(
    key: jax.Array, shape: tuple[int, ...] = ()
) -> tuple[jax.Array, jax.Array]:
    """Draws the levels of a camera's raw noise for `poisson_gaussian_noise`.

    ``ln(gain)`` is uniform from ``ln(1e-4)`` to ``ln(0.012)``, and
    ``ln(sigma²) = 2.18 ln(gain) + 1.2`` plus normal noise of deviation 0.26.

    Args:
      key: of the levels.
      shape: of both results.

    Returns:
      gain and sigma, on the scale of images in [0, 1].

    Brooks et al., "Unprocessing images for learned raw denoising", CVPR 2019, section 3.1.
    """
    key_gain, key_sigma = jax.random.split(key)
    log_gain = jax.random.uniform(key_gain, shape, minval=jnp.log(1e-4), maxval=jnp.log(0.012))
    log_variance = 2.18 * log_gain + 1.2 + 0.26 * jax.random.normal(key_sigma, shape)
    return jnp.exp(log_gain), jnp.exp(log_variance / 2)


def sample_inpainting_mask(
    key: jax.Array, shape: tuple[int, int], missing: float | jax.Array
) -> jax.Array:
    """Draws a mask whose pixels are missing independently of each other.

    Args:
      key: of the pixels.
      shape: (H, W).
      missing: probability in [0, 1]; 0.5, 0.8 and 0.9 are usual.

    Returns:
      ``(H, W, 1)``, float32, 0 where missing and 1 elsewhere.
    """
    return (jax.random.uniform(key, (*shape, 1)) >= missing).astype(jnp.float32)
