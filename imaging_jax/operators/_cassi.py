import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

from imaging_jax._images import as_image
from imaging_jax.operators._linear_operator import LinearOperator

# Pixels a band of the imagers that networks are compared on.
DISPERSION = 2


def cassi(x: jax.Array, mask: jax.Array, step: int = DISPERSION) -> jax.Array:
    """The snapshot of a coded-aperture spectral imager with a single disperser (SD-CASSI).

    ``y[i, j + step c] = sum_c mask[i, j] x[i, j, c]``: every band is masked, shifted to the right
    and added up.

    Args:
      x: cubes ``(..., H, W, bands)``.
      mask: ``(H, W)``, real.
      step: pixels of dispersion a band, at least 0.

    Returns:
      Snapshots ``(..., H, W + step (bands - 1), 1)``.

    Raises:
      ValueError: where ``x`` isn't a floating-point image, ``mask`` isn't real and of its size, or
        ``step`` is negative.

    Wagadarikar, John, Willett, Brady, "Single disperser design for coded aperture snapshot spectral
    imaging", Applied Optics 47(10), 2008.
    """
    x = as_image("x", x)
    if np.shape(mask) != x.shape[-3:-1] or jnp.iscomplexobj(mask):
        raise ValueError(
            f"mask: expected real values of shape {x.shape[-3:-1]}, "
            f"got {jnp.result_type(mask)} of shape {np.shape(mask)}"
        )
    mask = jnp.asarray(mask, jnp.finfo(x.dtype).dtype)
    return _disperse(mask[..., None] * x, step)


class Cassi(LinearOperator):
    """`cassi` as a linear operator, differentiable in its mask.

    Attributes:
      mask: ``(H, W)``, real.
      step: pixels of dispersion a band.
    """

    mask: jax.Array
    step: int = struct.field(pytree_node=False, default=DISPERSION)

    def forward(self, x: jax.Array) -> jax.Array:
        """Takes the snapshot of ``x`` of shape ``in_shape``."""
        return cassi(x, self.mask, self.step)

    @property
    def gram(self) -> jax.Array:
        """The diagonal of ``A A.H``, ``(H, W + step (bands - 1), 1)``, which has nothing else."""
        squares = jnp.asarray(self.mask, jnp.finfo(self.in_dtype).dtype)[..., None] ** 2
        return _disperse(jnp.broadcast_to(squares, self.in_shape), self.step)

    @property
    def proximal(self):
        """``argmin_x |A x - y|² + rho |x - z|²``, by the diagonal of ``A A.H``."""
        return self._proximal

    def _proximal(self, y, z, rho):
        return z + self.H((y - self(z)) / (self.gram + rho))


def _disperse(x, step):
    if step < 0:
        raise ValueError(f"step: expected a non-negative integer, got {step}")
    *leading, height, width, bands = x.shape
    # Rows of one band each, read on with a row length shorter by the step, move to the right.
    total = width + step * (bands - 1)
    x = jnp.swapaxes(x, -1, -2)
    x = jnp.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, total + step - width)])
    x = x.reshape(*leading, height, bands * (total + step))[..., : bands * total]
    return x.reshape(*leading, height, bands, total).sum(-2)[..., None]
