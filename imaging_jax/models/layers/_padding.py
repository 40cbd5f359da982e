import jax
import jax.numpy as jnp


def pad_to_multiple(x: jax.Array, multiple: int, mode: str) -> jax.Array:
    """Continues ``(..., H, W, C)`` at the bottom and the right to sides that ``multiple`` divides.

    Args:
        x: images.
        multiple: of the padded sides.
        mode: of `jax.numpy.pad`.
    """
    height, width = x.shape[-3:-1]
    margins = [(0, -height % multiple), (0, -width % multiple), (0, 0)]
    return jnp.pad(x, [(0, 0)] * (x.ndim - 3) + margins, mode=mode)
