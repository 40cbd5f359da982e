import jax
import jax.numpy as jnp
import numpy as np


def check_above(name: str, values: float | jax.Array, bound: float) -> None:
    """Raises ValueError unless all values, where they are known, are above the bound."""
    if not isinstance(values, jax.core.Tracer) and not np.all(np.asarray(values) > bound):
        raise ValueError(f"{name}: expected values above {bound}, got {values}")


def as_level(name: str, values: float | jax.Array, x: jax.Array) -> jax.Array:
    """Returns a level of noise as an array; ValueError unless it broadcasts to the shape of x."""
    values = jnp.asarray(values)
    try:
        fits = jnp.broadcast_shapes(values.shape, x.shape) == x.shape
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(f"{name}: expected to broadcast against {x.shape}, got {values.shape}")
    return values
