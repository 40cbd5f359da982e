import jax
import jax.numpy as jnp
import numpy as np


def as_real_image(name: str, x: jax.Array) -> jax.Array:
    """Returns ``x`` as a jax array; ValueError unless it is a real image ``(..., H, W, C)``."""
    if np.ndim(x) < 3 or 0 in np.shape(x)[-3:]:
        raise ValueError(f"{name}: expected an image (..., H, W, C), got shape {np.shape(x)}")
    x = jnp.asarray(x)
    if not jnp.issubdtype(x.dtype, jnp.floating):
        raise ValueError(f"{name}: expected a real floating-point image, got {x.dtype}")
    return x
