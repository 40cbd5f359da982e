from collections.abc import Callable
from functools import partial

import jax
from flax import linen as nn

from imaging_jax.models.layers._checks import check_choice
from imaging_jax.models.layers._prelu import PReLU

ACTIVATIONS: dict[str, Callable[[jax.Array], jax.Array]] = {
    # Flax's default is the tanh form; what is published as GELU is the error function's.
    "gelu": partial(nn.gelu, approximate=False),
    "leaky_relu": nn.leaky_relu,
    "prelu": lambda x: PReLU()(x),
    "relu": nn.relu,
    "sigmoid": nn.sigmoid,
    "tanh": nn.tanh,
}
"""Non-linearities by name; "prelu" adds a layer to the calling module."""


def activate(x: jax.Array, name: str, model: str) -> jax.Array:
    """Applies the non-linearity ``name`` to ``x``.

    Args:
        x: ``(..., C)``.
        name: of `ACTIVATIONS`.
        model: whose field `activation` it is.

    Raises:
        ValueError: on a name that isn't there.
    """
    check_choice(model, "activation", name, ACTIVATIONS)
    return ACTIVATIONS[name](x)
