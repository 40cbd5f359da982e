from typing import Any

import jax
import jax.numpy as jnp

from imaging_jax.models.layers._convolution import convolve


def convolve_volumes(
    x: jax.Array,
    kernel: jax.Array,
    *,
    stride: int = 1,
    margin: int = 1,
    padding: Any = ((1, 1), (1, 1)),
    precision: jax.lax.PrecisionLike = None,
) -> jax.Array:
    """Convolves volumes as images: every slice beside its neighbours.

    On CPU it takes a third to a ninth of the time that XLA's convolution of volumes does.

    Args:
        x: ``(N, depth, H, W, C)``.
        kernel: ``(slices, height, width, C, features)``.
        stride: of rows and columns.
        margin: slices of zeros before the first and behind the last.
        padding: of rows and columns, as `jax.lax.conv_general_dilated` takes it.
        precision: of the products.

    Returns:
        ``(N, depth + 2 margin - slices + 1, H', W', features)``.
    """
    slices, height, width = kernel.shape[:3]
    padded = jnp.pad(x, [(0, 0), (margin, margin), (0, 0), (0, 0), (0, 0)])
    depth = padded.shape[1] - slices + 1
    beside = jnp.concatenate([padded[:, d : d + depth] for d in range(slices)], axis=-1)
    flat_kernel = jnp.moveaxis(kernel, 0, 2).reshape(height, width, -1, kernel.shape[-1])
    y = convolve(
        beside.reshape(-1, *beside.shape[2:]),
        flat_kernel,
        (stride, stride),
        padding,
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        precision=precision,
    )
    return y.reshape(x.shape[0], depth, *y.shape[1:])
