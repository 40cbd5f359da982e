import jax
import jax.numpy as jnp
from flax import linen as nn


class PReLU(nn.Module):
    """Parametric ReLU, max(x, 0) + slope · min(x, 0), the slope learnt.

    Call it with ``(..., C)``; the result has the same shape and type.

    Attributes:
        shared: one slope for all channels instead of one each.
        initial: value with which the slopes start.

    Source: He, Zhang, Ren, Sun, "Delving Deep into Rectifiers", ICCV 2015, equation 1.
    """

    shared: bool = False
    initial: float = 0.25

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Maps ``(..., C)`` to the same shape."""
        shape = () if self.shared else x.shape[-1:]
        slope = self.param("slope", nn.initializers.constant(self.initial), shape)
        return jnp.where(x >= 0, x, slope.astype(x.dtype) * x)
