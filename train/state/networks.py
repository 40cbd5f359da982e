"""How step functions apply a network."""

from collections.abc import Mapping
from typing import Any

import flax.linen as nn
import jax


def apply_in_training(
    network: nn.Module, variables: Mapping[str, Any], key: jax.Array, *inputs: Any
) -> tuple[Any, dict[str, Any]]:
    """Applies a network by the batch's statistics.

    Args:
      network: its call takes `train`.
      variables: "params", and its collections.
      key: of the random stream "dropout".
      *inputs: of its call.

    Returns:
      Its output, and its collections with the running statistics one batch on.
    """
    mutable = [name for name in variables if name != "params"]
    return network.apply(variables, *inputs, train=True, mutable=mutable, rngs={"dropout": key})
