import jax
import jax.numpy as jnp

from imaging_jax._images import as_image


def round_to_8bit(x: jax.Array) -> jax.Array:
    """Clips an image to [0, 1] and rounds it to the 8-bit levels k/255, halves upwards.

    The gradient is zero.

    Args:
      x: ``(..., H, W, C)``, real, nominally in [0, 1].

    Returns:
      An array of the same shape and dtype.

    Raises:
      ValueError: where ``x`` isn't a real floating-point image.
    """
    x = as_image("x", x, real=True)
    return from_levels(round_levels(255 * x))


def to_levels(x: jax.Array) -> jax.Array:
    """Scales [0, 1] to [0, 255], exactly where ``x`` came from 8-bit levels.

    A compiled ``k / 255`` may be one unit in the last place off, because XLA multiplies by the
    reciprocal of a constant; unless the level is restored, a tie may round to the wrong side.
    """
    levels = 255 * x
    nearest = jnp.round(levels)
    tolerance = 2 * jnp.finfo(x.dtype).eps * nearest
    return jnp.where(jnp.abs(levels - nearest) <= tolerance, nearest, levels)


def round_levels(levels: jax.Array) -> jax.Array:
    """Rounds to the integers 0 ... 255, halves away from zero."""
    return jax.lax.round(jnp.clip(levels, 0, 255), jax.lax.RoundingMethod.AWAY_FROM_ZERO)


def from_levels(levels: jax.Array) -> jax.Array:
    """Scales [0, 255] to [0, 1]."""
    # Not a constant, which XLA would turn into a multiplication by the rounded 1/255.
    return levels / (255 + 0 * levels)
