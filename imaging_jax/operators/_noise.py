import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax._images import as_image
from imaging_jax.operators._levels import as_level


def gaussian_noise(key: jax.Array, x: jax.Array, sigma: float | jax.Array) -> jax.Array:
    """Adds white Gaussian noise, ``y = x + sigma n``, without clipping.

    Args:
      key: of the noise.
      x: images ``(..., H, W, C)``, real.
      sigma: standard deviation on the scale of ``x`` (25/255 for the usual "25"); an array that
        broadcasts against ``x`` gives each image or pixel its own.

    Returns:
      Images of the shape and dtype of ``x``.

    Raises:
      ValueError: where ``x`` isn't a real floating-point image, or the level doesn't broadcast
        against it.
    """
    x = as_image("x", x, real=True)
    sigma = as_level("sigma", sigma, x)
    noise = jax.random.normal(key, x.shape, x.dtype)
    return x + (sigma * noise).astype(x.dtype)


def correlated_noise(
    key: jax.Array, x: jax.Array, sigma: float | jax.Array, correlation: float
) -> jax.Array:
    """Adds Gaussian noise that went through a Gaussian filter, ``y = x + sigma g * n``.

    The filter is periodic, and scaled so that the standard deviation is that of ``sigma n``.

    Args:
      key: of the noise.
      x: images ``(..., H, W, C)``, real.
      sigma: as of `gaussian_noise`.
      correlation: standard deviation of the filter, in pixels, at least 0; 0 for white noise.

    Returns:
      Images of the shape and dtype of ``x``.

    Raises:
      ValueError: as of `gaussian_noise`, or a correlation below 0.
    """
    x = as_image("x", x, real=True)
    sigma = as_level("sigma", sigma, x)
    if not correlation >= 0:
        raise ValueError(f"correlation: expected at least 0, got {correlation}")
    noise = jax.random.normal(key, x.shape, x.dtype)
    rows, columns = (np.fft.fftfreq(size) for size in x.shape[-3:-1])
    squared_frequency = rows[:, None] ** 2 + columns**2
    response = np.exp(-2 * (np.pi * correlation) ** 2 * squared_frequency)
    response = jnp.asarray(response / np.sqrt(np.mean(response**2)), x.dtype)[..., None]
    filtered = jnp.fft.ifft2(response * jnp.fft.fft2(noise, axes=(-3, -2)), axes=(-3, -2)).real
    return x + (sigma * (filtered if correlation else noise)).astype(x.dtype)


def uniform_noise(key: jax.Array, x: jax.Array, half_width: float | jax.Array) -> jax.Array:
    """Adds noise uniform in [-half_width, half_width], of variance ``half_width² / 3``.

    Args:
      key: of the noise.
      x: images ``(..., H, W, C)``, real.
      half_width: on the scale of ``x``; may be an array that broadcasts against it.

    Returns:
      Images of the shape and dtype of ``x``.

    Raises:
      ValueError: where ``x`` isn't a real floating-point image, or the level doesn't broadcast
        against it.
    """
    x = as_image("x", x, real=True)
    half_width = as_level("half_width", half_width, x)
    noise = jax.random.uniform(key, x.shape, x.dtype, -1, 1)
    return x + (half_width * noise).astype(x.dtype)


def poisson_noise(key: jax.Array, x: jax.Array, gain: float | jax.Array) -> jax.Array:
    """Counts photons: ``y = gain P(x / gain)``, of mean ``x`` and variance ``gain x``.

    Args:
      key: of the noise.
      x: images ``(..., H, W, C)``, real, non-negative.
      gain: brightness of one photon, positive: 1 / peak, where the peak is the mean count at x = 1;
        may be an array that broadcasts against ``x``.

    Returns:
      Images of the shape and dtype of ``x``, without gradient in either.

    Raises:
      ValueError: where ``x`` isn't a real floating-point image, or values known at trace time are
        negative, or a gain not positive. Traced ones give noise of mean 0.
    """
    x = as_image("x", x, real=True)
    _check_minimum("x: expected non-negative values", x, 0)
    _check_minimum("gain: expected positive values", gain, np.finfo(np.float32).tiny)
    rate = jnp.broadcast_to(jnp.maximum(x / gain, 0), x.shape)
    counts = jax.random.poisson(key, jax.lax.stop_gradient(rate))
    return (jax.lax.stop_gradient(gain) * counts).astype(x.dtype)


def poisson_gaussian_noise(
    key: jax.Array, x: jax.Array, gain: float | jax.Array, sigma: float | jax.Array
) -> jax.Array:
    """Counts photons and reads them out: ``y = gain P(x / gain) + N(0, sigma²)``.

    Args:
      key: of the noise.
      x: images ``(..., H, W, C)``, real, non-negative.
      gain: brightness of one photon, positive, as of `poisson_noise`.
      sigma: standard deviation of the read-out, on the scale of ``x``.

    Returns:
      Images of the shape and dtype of ``x``, of mean ``x`` and variance ``gain x + sigma²``.

    Raises:
      ValueError: as of `poisson_noise`.

    Foi, Trimeche, Katkovnik, Egiazarian, "Practical Poissonian-Gaussian noise modeling and fitting
    for single-image raw-data", IEEE TIP 17(10), 2008.
    """
    key_poisson, key_gaussian = jax.random.split(key)
    return gaussian_noise(key_gaussian, poisson_noise(key_poisson, x, gain), sigma)


def speckle_noise(
    key: jax.Array, x: jax.Array, looks: float | jax.Array, amplitude: bool = False
) -> jax.Array:
    """Multiplies by the speckle of a coherent sensor, ``y = n x`` averaged over looks.

    The factor of an intensity is ``Gamma(L, scale 1/L)``, of mean 1 and variance 1/L; that of an
    amplitude is its root.

    Args:
      key: of the noise.
      x: images ``(..., H, W, C)``, real.
      looks: L, positive; may be an array that broadcasts against ``x``.
      amplitude: whether ``x`` is an amplitude, not an intensity.

    Returns:
      Images of the shape and dtype of ``x``.

    Raises:
      ValueError: where ``x`` isn't a real floating-point image, or looks known at trace time aren't
        positive.

    Goodman, "Some fundamental properties of speckle", JOSA 66(11), 1976.
    """
    x = as_image("x", x, real=True)
    _check_minimum("looks: expected positive values", looks, np.finfo(np.float32).tiny)
    looks = jnp.broadcast_to(jnp.asarray(looks, x.dtype), x.shape)
    factor = jax.random.gamma(key, looks) / looks
    return x * (jnp.sqrt(factor) if amplitude else factor)


def rician_noise(key: jax.Array, x: jax.Array, sigma: float | jax.Array) -> jax.Array:
    """The magnitude of a complex signal with noise: ``y = sqrt((x + n1)² + n2²)``.

    The noise of magnetic resonance magnitude images; the mean of ``y²`` is ``x² + 2 sigma²``.

    Args:
      key: of the noise.
      x: images ``(..., H, W, C)``, real.
      sigma: standard deviation of n1 and n2; may be an array that broadcasts against ``x``.

    Returns:
      Non-negative images of the shape and dtype of ``x``.

    Raises:
      ValueError: where ``x`` isn't a real floating-point image.

    Gudbjartsson, Patz, "The Rician distribution of noisy MRI data", Magnetic Resonance in Medicine
    34(6), 1995.
    """
    x = as_image("x", x, real=True)
    key_real, key_imaginary = jax.random.split(key)
    imaginary = gaussian_noise(key_imaginary, jnp.zeros_like(x), sigma)
    signal = jax.lax.complex(gaussian_noise(key_real, x, sigma), imaginary)
    return jnp.abs(signal)


def quantize(x: jax.Array, bits: int) -> jax.Array:
    """Rounds to the levels ``k / (2^bits - 1)`` of a converter, after clipping to [0, 1].

    Args:
      x: images ``(..., H, W, C)``, real, nominally in [0, 1].
      bits: 1 to 16.

    Returns:
      Images of the shape and dtype of ``x``; the derivative of rounding is taken as 1.

    Raises:
      ValueError: where ``x`` isn't a real floating-point image or ``bits`` is out of range.

    Straight-through rounding: Bengio, Léonard, Courville, arXiv 1308.3432, 2013.
    """
    x = as_image("x", x, real=True)
    if not 1 <= bits <= 16:
        raise ValueError(f"bits: expected 1 to 16, got {bits}")
    levels = 2**bits - 1
    x = jnp.clip(x, 0, 1)
    return x + jax.lax.stop_gradient(jnp.round(levels * x) / levels - x)


def _check_minimum(expected, values, minimum):
    if isinstance(values, jax.core.Tracer):
        return
    smallest = np.min(values)
    if not smallest >= minimum:
        raise ValueError(f"{expected}, got {smallest}")
