import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax.metrics._pairs import shaved_pair

_WINDOW_SIZE = 11
_OFFSETS = np.arange(_WINDOW_SIZE) - _WINDOW_SIZE // 2
_WINDOW = np.exp(-(_OFFSETS**2) / (2 * 1.5**2))
_WINDOW = _WINDOW / _WINDOW.sum()

_SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


def ssim(
    reference: jax.Array, estimate: jax.Array, *, data_range: float = 1.0, border: int = 0
) -> jax.Array:
    """Structural similarity index.

    Gaussian window of 11x11 pixels and sigma 1.5, only where it lies inside the image; population
    moments; K1 = 0.01, K2 = 0.03; no down-sampling of large images; the mean over the map, then
    over the channels.

    Args:
      reference: ``(..., H, W, C)``, at least 11 pixels a side without the border.
      estimate: the same shape.
      data_range: the peak, 1 for images in [0, 1].
      border: pixels left out on every side.

    Returns:
      ``(...)``, at most 1.

    Raises:
      ValueError: where the shapes differ, the images aren't real floating point or are too small.

    Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment: from error visibility to structural
    similarity", IEEE TIP 13(4), 2004, equations 13 to 17.
    """
    reference, estimate = shaved_pair(reference, estimate, border)
    return jnp.mean(ssim_map(reference, estimate, data_range=data_range), axis=(-3, -2, -1))


def ssim_map(reference: jax.Array, estimate: jax.Array, *, data_range: float = 1.0) -> jax.Array:
    """The structural similarity of every window, whose mean is `ssim`.

    Args:
      reference: ``(..., H, W, C)``, at least 11 pixels a side.
      estimate: the same shape.
      data_range: the peak, 1 for images in [0, 1].

    Returns:
      ``(..., H - 10, W - 10, C)``, at most 1.

    Raises:
      ValueError: as `ssim`.
    """
    reference, estimate = shaved_pair(reference, estimate, 0)
    _check_size(reference, _WINDOW_SIZE)
    luminance, contrast_structure = _similarities(reference, estimate, data_range)
    return luminance * contrast_structure


def ms_ssim(
    reference: jax.Array, estimate: jax.Array, *, data_range: float = 1.0, border: int = 0
) -> jax.Array:
    """Multi-scale structural similarity index.

    Five scales, each the mean over 2x2 pixels of the one before (an odd last row or column counts
    twice). The mean contrast-structure term of a scale is raised to its weight, a negative one
    counting as 0; the product is over the scales, the mean over the channels.

    Args:
      reference: ``(..., H, W, C)``, at least 161 pixels a side without the border.
      estimate: the same shape.
      data_range: the peak, 1 for images in [0, 1].
      border: pixels left out on every side.

    Returns:
      ``(...)``, at most 1.

    Raises:
      ValueError: where the shapes differ, the images aren't real floating point or are too small.

    Wang, Simoncelli, Bovik, "Multi-scale structural similarity for image quality assessment",
    Asilomar 2003, equation 7 and section 3.2.
    """
    reference, estimate = shaved_pair(reference, estimate, border)
    _check_size(reference, (_WINDOW_SIZE - 1) * 2 ** (len(_SCALE_WEIGHTS) - 1) + 1)
    product = 1.0
    for weight in _SCALE_WEIGHTS[:-1]:
        _, contrast_structure = _similarities(reference, estimate, data_range)
        mean = jnp.mean(contrast_structure, axis=(-3, -2))
        product = product * _power_of_positive(mean, weight)
        reference, estimate = _average_pool(reference), _average_pool(estimate)
    index = jnp.mean(ssim_map(reference, estimate, data_range=data_range), axis=(-3, -2))
    product = product * _power_of_positive(index, _SCALE_WEIGHTS[-1])
    return jnp.mean(product, axis=-1)


def _similarities(x, y, data_range):
    """Maps of both factors of the index: luminance, and contrast and structure."""
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    # Second moments don't depend on the origin; about the mean they keep their digits in float32.
    mean_x, mean_y = (jnp.mean(image, axis=(-3, -2), keepdims=True) for image in (x, y))
    x, y = x - mean_x, y - mean_y
    moments = _window_mean(jnp.stack([x, y, x**2, y**2, x * y]))
    mu_x, mu_y, square_x, square_y, product = moments
    variance_x, variance_y = square_x - mu_x**2, square_y - mu_y**2
    covariance = product - mu_x * mu_y
    mu_x, mu_y = mu_x + mean_x, mu_y + mean_y
    luminance = (2 * mu_x * mu_y + c1) / (mu_x**2 + mu_y**2 + c1)
    contrast_structure = (2 * covariance + c2) / (variance_x + variance_y + c2)
    return luminance, contrast_structure


def _window_mean(x):
    """The Gaussian mean around every pixel whose window lies inside."""
    for axis in (-3, -2):
        size = x.shape[axis] - _WINDOW_SIZE + 1
        # A sum of shifted images, which XLA makes one loop: many times faster than a convolution.
        x = sum(
            float(weight) * jax.lax.slice_in_dim(x, k, k + size, axis=axis % x.ndim)
            for k, weight in enumerate(_WINDOW)
        )
    return x


def _average_pool(x):
    odd_rows, odd_columns = (size % 2 for size in x.shape[-3:-1])
    x = jnp.pad(x, [(0, 0)] * (x.ndim - 3) + [(0, odd_rows), (0, odd_columns), (0, 0)], mode="edge")
    *leading, height, width, channels = x.shape
    x = x.reshape(*leading, height // 2, 2, width // 2, 2, channels)
    return jnp.mean(x, axis=(-4, -2))


def _power_of_positive(x, exponent):
    # The inner `where` keeps the infinite derivative at 0 out of the gradient; NaN stays NaN.
    return jnp.where(x <= 0, 0, jnp.where(x <= 0, 1, x) ** exponent)


def _check_size(x, smallest):
    if min(x.shape[-3:-1]) < smallest:
        raise ValueError(
            f"reference: expected at least {smallest} pixels a side without the border, "
            f"got {x.shape}"
        )
