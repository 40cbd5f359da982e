import jax

from imaging_jax.operators._images import as_image


def gaussian_noise(key: jax.Array, x: jax.Array, sigma: float | jax.Array) -> jax.Array:
    """Adds white Gaussian noise, without clipping.

    Args:
      key: of the noise.
      x: images ``(..., H, W, C)``, real.
      sigma: standard deviation on the scale of ``x`` (25/255 for the usual "25"); an array that
        broadcasts against ``x`` gives each image or pixel its own.

    Returns:
      Images of the shape and dtype of ``x``.

    Raises:
      ValueError: where ``x`` isn't a real floating-point image.
    """
    x = as_image("x", x, real=True)
    noise = jax.random.normal(key, x.shape, x.dtype)
    return x + (sigma * noise).astype(x.dtype)
