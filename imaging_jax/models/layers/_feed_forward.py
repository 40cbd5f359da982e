from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from flax.typing import Initializer


class FeedForward(nn.Module):
    """The two layers of a transformer that see each position by itself.

    Attributes:
        hidden: width of the first layer.
        activation: between them.
        kernel_init: of both.
        dtype: type of computation; parameters are float32.
        precision: of the products.

    Source: Vaswani et al., "Attention Is All You Need", NIPS 2017, section 3.3.
    """

    hidden: int
    activation: Callable[[jax.Array], jax.Array]
    kernel_init: Initializer = nn.initializers.truncated_normal(0.02)
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Maps ``(..., d)`` to the same shape."""
        settings = {
            "kernel_init": self.kernel_init,
            "dtype": self.dtype,
            "precision": self.precision,
        }
        y = self.activation(nn.Dense(self.hidden, name="expand", **settings)(x))
        return nn.Dense(x.shape[-1], name="reduce", **settings)(y)
