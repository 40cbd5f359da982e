import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax._images import as_image
from imaging_jax.operators._linear_operator import LinearOperator

_LOBES = 3


def lanczos_shift(x: jax.Array, shift: jax.Array) -> jax.Array:
    """Moves images by fractions of a pixel, by Lanczos kernels of three lobes along both axes.

    The weights of every pixel are divided by their sum, so that constant images stay. Outside, the
    image continues mirrored about its edge pixels.

    Args:
      x: images ``(..., H, W, C)``.
      shift: ``(2,)``, (dy, dx) in pixels, towards larger indices.

    Returns:
      Images of the shape and dtype of ``x``, differentiable in both arguments.

    Raises:
      ValueError: where ``x`` isn't a floating-point image of two rows and columns at least, or
        ``shift`` isn't a real pair.

    Duchon, "Lanczos Filtering in One and Two Dimensions", J. Appl. Meteorology 18, 1979; as the
    shift of super-resolved images in Deudon et al., "HighRes-net", 2020, section 3.2.
    """
    x = as_image("x", x)
    if np.shape(shift) != (2,) or jnp.iscomplexobj(shift):
        raise ValueError(f"shift: expected a real pair (dy, dx), got shape {np.shape(shift)}")
    if min(x.shape[-3:-1]) < 2:
        raise ValueError(f"x: expected two rows and columns at least, got shape {x.shape}")
    for axis, distance in zip((-3, -2), jnp.asarray(shift, jnp.finfo(x.dtype).dtype), strict=True):
        x = _moved(x, distance, axis)
    return x


class LanczosShift(LinearOperator):
    """`lanczos_shift` as a linear operator, differentiable in its shift.

    Attributes:
      shift: ``(2,)``, (dy, dx) in pixels.
    """

    shift: jax.Array

    def forward(self, x: jax.Array) -> jax.Array:
        """Moves ``x`` of shape ``in_shape``."""
        return lanczos_shift(x, self.shift)


def _moved(x, distance, axis):
    # Of a pixel, what stands there comes from -distance: from `first` on, by `rest` beyond it.
    first = jnp.floor(-jax.lax.stop_gradient(distance))
    taps = jnp.arange(1 - _LOBES, _LOBES + 1)
    places = first + taps + distance
    weights = jnp.sinc(places) * jnp.sinc(places / _LOBES)
    weights = weights / jnp.sum(weights)
    size = x.shape[axis]
    whole = jnp.clip(first, -1e6, 1e6).astype(jnp.int32)
    indices = _mirrored(jnp.arange(size) + whole + taps[:, None], size)
    return sum(
        weight * jnp.take(x, index, axis=axis)
        for weight, index in zip(weights, indices, strict=True)
    )


def _mirrored(index, size):
    index = index % (2 * size - 2)
    return jnp.minimum(index, 2 * size - 2 - index)
