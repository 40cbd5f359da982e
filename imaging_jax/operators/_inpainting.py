from collections.abc import Callable

import jax
import jax.numpy as jnp

from imaging_jax.operators._linear_operator import LinearOperator


class Inpainting(LinearOperator):
    """Multiplies an image by a mask, ``y = m x``.

    Attributes:
      mask: broadcasts against ``in_shape``, such as ``(H, W, 1)``; 1 keeps a pixel, 0 loses it, and
        values between dim it.

    Raises:
      ValueError: on use, where the mask doesn't broadcast to ``in_shape``.
    """

    mask: jax.Array

    def forward(self, x: jax.Array) -> jax.Array:
        """Multiplies ``x`` of shape ``in_shape``."""
        return self._checked_mask() * x

    @property
    def proximal(self) -> Callable:
        """``argmin_x |m x - y|² + rho |x - z|²``, pixel by pixel."""
        return self._proximal

    def _proximal(self, y, z, rho):
        mask = self._checked_mask()
        x = (jnp.conj(mask) * y + rho * z) / (jnp.abs(mask) ** 2 + rho)
        # Of real images the best is the real part, since |m| weighs both parts alike.
        return x if jnp.issubdtype(self.in_dtype, jnp.complexfloating) else x.real

    def _checked_mask(self):
        mask = jnp.asarray(self.mask)
        try:
            fits = jnp.broadcast_shapes(mask.shape, self.in_shape) == tuple(self.in_shape)
        except ValueError:
            fits = False
        if not fits:
            raise ValueError(f"mask: expected a shape that fits {self.in_shape}, got {mask.shape}")
        return mask.astype(jnp.result_type(mask.dtype, self.in_dtype))
