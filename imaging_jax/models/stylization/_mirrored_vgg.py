"""What decoders share that undo the first layers of VGG-19."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import Conv


def decode(
    y: jax.Array, layers: Sequence[tuple[int, int, int]], relu_at_end: bool, **settings: Any
) -> jax.Array:
    """Adds 3x3 convolutions with ReLU, and nearest enlargement, to the calling module.

    Args:
        y: ``(..., h, w, C)``, at least 2x2; continued by reflection.
        layers: block, place in it and output channels of every convolution, the deepest first; the
            map is doubled after the first of a block, where the network that is undone has pooled.
        relu_at_end: whether a ReLU follows the last one.
        **settings: of the convolutions.
    """
    for number, (block, index, width) in enumerate(layers, start=1):
        y = jnp.pad(y, [(0, 0)] * (y.ndim - 3) + [(1, 1), (1, 1), (0, 0)], mode="reflect")
        y = Conv(width, (3, 3), padding="VALID", name=f"conv{block}_{index}", **settings)(y)
        if number < len(layers) or relu_at_end:
            y = nn.relu(y)
        if index == 1 and block > 1:
            y = jnp.repeat(jnp.repeat(y, 2, axis=-3), 2, axis=-2)
    return y
