import jax
import jax.numpy as jnp


def check_image(name: str, x: jax.Array) -> None:
    """Raises a ValueError unless ``x`` is a floating-point or complex ``(..., H, W, C)``."""
    if x.ndim < 3 or 0 in x.shape[-3:]:
        raise ValueError(f"{name}: expected an image (..., H, W, C), got shape {x.shape}")
    if not jnp.issubdtype(x.dtype, jnp.inexact):
        raise ValueError(f"{name}: expected floating point in [0, 1], got dtype {x.dtype}")
