import jax
import jax.numpy as jnp


def check_channels(x: jax.Array, channels: int, model: str) -> None:
    """Raises ValueError unless ``x`` is a real floating-point image ``(..., H, W, channels)``."""
    if not jnp.issubdtype(x.dtype, jnp.floating):
        raise ValueError(f"{model}: x must be real floating point, in [0, 1], got {x.dtype}")
    if x.ndim < 3 or x.shape[-1] != channels:
        raise ValueError(
            f"{model}: x must be an image of shape (..., H, W, {channels}), got {x.shape}"
        )
