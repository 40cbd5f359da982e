from collections.abc import Callable
from typing import Any

import jax
from flax import linen as nn

Denoiser = Callable[[jax.Array, jax.Array], jax.Array]


def as_denoiser(network: nn.Module, variables: dict[str, Any]) -> Denoiser:
    """Makes the function ``(x, sigma) -> x`` of a denoising network, as plug-and-play takes it.

    Args:
        network: of this package.
        variables: its variables.

    Returns:
        A pure function of images ``(..., H, W, channels)`` in [0, 1] and their noise's standard
        deviation on the same scale; a network trained for one level ignores the latter.
    """
    if network.takes_sigma:
        return lambda x, sigma: network.apply(variables, x, sigma)
    return lambda x, sigma: network.apply(variables, x)
