import jax
import jax.numpy as jnp
from flax import linen as nn
from flax.typing import Initializer


def weight_normalized(
    module: nn.Module, shape: tuple[int, ...], kernel_init: Initializer
) -> jax.Array:
    """Gives a module a kernel ``g v / ‖v‖``: a length and a direction for each output channel.

    Args:
        module: the calling one, which gets the parameters "v" and "g"; lengths start as those that
            ``kernel_init`` draws.
        shape: of the kernel, output channels last.
        kernel_init: of the kernel.

    Source: Salimans, Kingma, "Weight Normalization", NeurIPS 2016, equation 2.
    """
    v = module.param("v", kernel_init, shape)
    norm = jnp.sqrt(jnp.sum(v**2, axis=range(v.ndim - 1)))
    g = module.param("g", lambda _: norm)
    return v * (g / norm)
