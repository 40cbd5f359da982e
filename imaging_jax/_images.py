import jax
import jax.numpy as jnp
import numpy as np


def as_image(name: str, x: jax.Array, *, real: bool = False) -> jax.Array:
    """Returns ``x`` as a jax array; ValueError unless it is an image ``(..., H, W, C)``."""
    if np.ndim(x) < 3 or 0 in np.shape(x)[-3:]:
        raise ValueError(f"{name}: expected an image (..., H, W, C), got shape {np.shape(x)}")
    x = jnp.asarray(x)
    if not jnp.issubdtype(x.dtype, jnp.floating if real else jnp.inexact):
        raise ValueError(
            f"{name}: expected a {'real ' if real else ''}floating-point image, got {x.dtype}"
        )
    return x
