import jax
import jax.numpy as jnp

from imaging_jax.losses._pixel import check_shapes


def weighted_rain_mae(prediction: jax.Array, target: jax.Array) -> jax.Array:
    """Mean of ``(1 + target) |prediction - target|`` of amounts as log(1 + amount).

    Where it is dry the weight is 1, of 10 mm it is 3.4, of 50 mm 4.9. That heavier rain weighs more
    is published; the weight itself is this code base's own.

    Args:
      prediction: any shape.
      target: the same shape, not negative.

    Returns:
      A scalar.

    Raises:
      ValueError: where the shapes differ.

    After Wang, Tian, Lowe, Kalin, Lehrter, "Deep learning for daily precipitation and temperature
    downscaling", Water Resources Research 57(4), 2021.
    """
    check_shapes(prediction, target)
    return jnp.mean((1 + target) * jnp.abs(prediction - target))
