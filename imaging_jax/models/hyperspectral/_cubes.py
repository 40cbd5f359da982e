import jax
import jax.numpy as jnp


def check_cube(x: jax.Array, model: str, least: int = 1) -> None:
    """Raises ValueError unless ``x`` is a real floating-point cube ``(..., H, W, bands)``.

    Args:
        x: the argument to check.
        model: whose argument it is.
        least: how many bands it must have.
    """
    if not jnp.issubdtype(x.dtype, jnp.floating):
        raise ValueError(f"{model}: x must be real floating point, in [0, 1], got {x.dtype}")
    if x.ndim < 3 or 0 in x.shape[-3:]:
        raise ValueError(f"{model}: x must be a cube of shape (..., H, W, bands), got {x.shape}")
    if x.shape[-1] < least:
        raise ValueError(f"{model}: x must have at least {least} bands, got {x.shape[-1]}")
