import jax
import jax.numpy as jnp
import numpy as np


def adaptive_average_pool(x: jax.Array, bins: int) -> jax.Array:
    """Averages over ``bins`` x ``bins`` cells that cover the image, whatever its size.

    Cell i of a side of n pixels reaches from ``⌊i n / bins⌋`` to ``⌈(i + 1) n / bins⌉``: where
    `bins` doesn't divide the side, neighbours overlap.

    Args:
        x: ``(N, H, W, C)``.
        bins: cells a side.

    Returns:
        ``(N, bins, bins, C)``.
    """
    return _by_matrices(x, *(_averages(side, bins) for side in x.shape[1:3]))


def resize_aligned(x: jax.Array, height: int, width: int) -> jax.Array:
    """Interpolates bilinearly to another size; the centres of the corner pixels stay corners.

    Args:
        x: ``(N, H, W, C)``.
        height: new number of rows.
        width: new number of columns.

    Returns:
        ``(N, height, width, C)``.
    """
    sizes = zip(x.shape[1:3], (height, width), strict=True)
    return _by_matrices(x, *(_interpolation(side, new) for side, new in sizes))


def _by_matrices(x, rows, columns):
    rows, columns = jnp.asarray(rows, x.dtype), jnp.asarray(columns, x.dtype)
    highest = jax.lax.Precision.HIGHEST
    x = jnp.einsum("hi,niwc->nhwc", rows, x, precision=highest)
    return jnp.einsum("wj,nhjc->nhwc", columns, x, precision=highest)


def _averages(side, bins):
    first = np.arange(bins) * side // bins
    last = -(-np.arange(1, bins + 1) * side // bins)
    pixels = np.arange(side)
    inside = (pixels >= first[:, None]) & (pixels < last[:, None])
    return inside / (last - first)[:, None]


def _interpolation(side, new):
    places = np.linspace(0, side - 1, new)[:, None]
    return np.maximum(0, 1 - np.abs(places - np.arange(side)))
