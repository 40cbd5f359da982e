import jax
import jax.numpy as jnp

from imaging_jax._counts import check_counts
from imaging_jax._images import as_image
from imaging_jax.operators._levels import as_level


def salt_and_pepper_noise(key: jax.Array, x: jax.Array, density: float | jax.Array) -> jax.Array:
    """Replaces a fraction of the values, half of them by 0 and half by 1.

    Args:
      key: of the noise.
      x: images ``(..., H, W, C)``, real; every channel of a pixel is drawn on its own.
      density: probability in [0, 1]; may be an array that broadcasts against ``x``.

    Returns:
      Images of the shape and dtype of ``x``.

    Raises:
      ValueError: where ``x`` isn't a real floating-point image, or the density doesn't broadcast
        against it.
    """
    x = as_image("x", x, real=True)
    density = as_level("density", density, x)
    u = jax.random.uniform(key, x.shape)
    x = jnp.where(u < density / 2, 0, x)
    return jnp.where(u >= 1 - density / 2, 1, x)


def random_valued_impulse_noise(
    key: jax.Array, x: jax.Array, density: float | jax.Array
) -> jax.Array:
    """Replaces a fraction of the values by uniform draws from [0, 1).

    Args:
      key: of the noise.
      x: images ``(..., H, W, C)``, real; every channel of a pixel is drawn on its own.
      density: probability in [0, 1]; may be an array that broadcasts against ``x``.

    Returns:
      Images of the shape and dtype of ``x``.

    Raises:
      ValueError: where ``x`` isn't a real floating-point image, or the density doesn't broadcast
        against it.
    """
    x = as_image("x", x, real=True)
    density = as_level("density", density, x)
    key_where, key_value = jax.random.split(key)
    hit = jax.random.uniform(key_where, x.shape) < density
    return jnp.where(hit, jax.random.uniform(key_value, x.shape, x.dtype), x)


def stripe_noise(
    key: jax.Array, x: jax.Array, density: float | jax.Array, half_width: float | jax.Array
) -> jax.Array:
    """Adds a constant to whole columns, as the detectors of a push-broom sensor do.

    Args:
      key: of the noise.
      x: images ``(..., H, W, C)``, real; every channel has its own stripes.
      density: probability that a column is striped; may broadcast against ``(..., 1, W, C)``.
      half_width: the constants are uniform in [-half_width, half_width).

    Returns:
      Images of the shape and dtype of ``x``.

    Raises:
      ValueError: where ``x`` isn't a real floating-point image.
    """
    x = as_image("x", x, real=True)
    key_where, key_value = jax.random.split(key)
    columns = (*x.shape[:-3], 1, *x.shape[-2:])
    hit = jax.random.uniform(key_where, columns) < density
    offset = jax.random.uniform(key_value, columns, x.dtype, -1, 1)
    return x + jnp.where(hit, half_width * offset, 0).astype(x.dtype)


def dead_line_noise(
    key: jax.Array, x: jax.Array, density: float | jax.Array, width: int = 1
) -> jax.Array:
    """Sets whole columns to 0, as dead detectors do.

    Args:
      key: of the noise.
      x: images ``(..., H, W, C)``, real; every channel has its own dead lines.
      density: probability that a line starts at a column; may broadcast against
        ``(..., 1, W, C)``.
      width: columns that a line covers, from its start to the right.

    Returns:
      Images of the shape and dtype of ``x``.

    Raises:
      ValueError: where ``x`` isn't a real floating-point image or ``width`` isn't positive.
    """
    x = as_image("x", x, real=True)
    check_counts(width=width)
    columns = (*x.shape[:-3], 1, *x.shape[-2:])
    starts = jax.random.uniform(key, columns) < density
    dead = starts
    for step in range(1, min(width, x.shape[-2])):
        dead = dead.at[..., step:, :].max(starts[..., :-step, :])
    return jnp.where(dead, 0, x)
