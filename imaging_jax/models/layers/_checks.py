import jax


def check_channels(x: jax.Array, channels: int, model: str) -> None:
    """Raises ValueError unless ``x`` is an image ``(..., H, W, channels)``."""
    if x.ndim < 3 or x.shape[-1] != channels:
        raise ValueError(
            f"{model}: x must be an image of shape (..., H, W, {channels}), got {x.shape}"
        )
