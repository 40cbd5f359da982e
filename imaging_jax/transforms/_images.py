import jax
import jax.numpy as jnp
import numpy as np


def as_image(name: str, x: jax.Array) -> jax.Array:
    """Returns ``x`` as a jax array; ValueError unless it is a floating-point (..., H, W, C)."""
    if np.ndim(x) < 3 or 0 in np.shape(x)[-3:]:
        raise ValueError(f"{name}: expected an image (..., H, W, C), got shape {np.shape(x)}")
    x = jnp.asarray(x)
    if not jnp.issubdtype(x.dtype, jnp.inexact):
        raise ValueError(f"{name}: expected floating point, got dtype {x.dtype}")
    return x
