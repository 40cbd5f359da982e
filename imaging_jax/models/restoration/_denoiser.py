from functools import cache
from typing import Any

import jax
from flax import linen as nn


def as_denoiser(network: nn.Module, variables: dict[str, Any]) -> jax.tree_util.Partial:
    """Makes the function ``(x, sigma) -> x`` of a denoising network, as plug-and-play takes it.

    Args:
        network: of this package.
        variables: its variables.

    Returns:
        A pure function of images ``(..., H, W, channels)`` in [0, 1] and their noise's standard
        deviation on the same scale; a network trained for one level ignores the latter. It is a
        pytree whose leaves are the variables, so that a compiled program takes them as arguments.
    """
    return jax.tree_util.Partial(_function(network), variables)


@cache
def _function(network):
    # The same object for the same network: another one would be compiled anew.
    if "sigma" in network.takes:
        return lambda variables, x, sigma: network.apply(variables, x, sigma)
    return lambda variables, x, sigma: network.apply(variables, x)
