import jax
import jax.numpy as jnp


def displaced(x: jax.Array, filters: jax.Array) -> jax.Array:
    """Correlates images with a filter of their own, mirrored at their edges.

    Args:
        x: ``(..., H, W, C)``.
        filters: ``(..., k, k)``, k odd.
    """
    size = filters.shape[-1]
    reach = size // 2
    height, width = x.shape[-3:-1]
    margins = [(0, 0)] * (x.ndim - 3) + [(reach, reach)] * 2 + [(0, 0)]
    padded = jnp.pad(x, margins, mode="reflect")
    return sum(
        filters[..., row, column, None, None, None]
        * padded[..., row : row + height, column : column + width, :]
        for row in range(size)
        for column in range(size)
    )
