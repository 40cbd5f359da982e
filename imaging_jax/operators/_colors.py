import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax._images import as_image
from imaging_jax.operators._linear_operator import LinearOperator


def bayer_mask(shape: tuple[int, int]) -> np.ndarray:
    """Which colour each pixel of a sensor with the Bayer pattern RGGB measures.

    Args:
      shape: (H, W).

    Returns:
      ``(H, W, 3)`` of 0 and 1: red at even rows and columns, blue at odd ones, green elsewhere.

    Bayer, "Color imaging array", US patent 3971065, 1976.
    """
    odd_row, odd_column = (np.arange(size) % 2 for size in shape)
    blue = odd_row[:, None] & odd_column[None, :]
    red = (1 - odd_row)[:, None] & (1 - odd_column)[None, :]
    return np.stack([red, 1 - red - blue, blue], axis=-1).astype(np.float32)


def bayer_mosaic(x: jax.Array) -> jax.Array:
    """Keeps at every pixel the colour that the Bayer pattern RGGB measures: ``y = sum_c m_c x_c``.

    Args:
      x: RGB images ``(..., H, W, 3)``.

    Returns:
      Mosaics ``(..., H, W, 1)``.

    Raises:
      ValueError: where ``x`` isn't a floating-point image of three channels.
    """
    x = as_image("x", x)
    if x.shape[-1] != 3:
        raise ValueError(f"x: expected 3 channels, got {x.shape}")
    mask = bayer_mask(x.shape[-3:-1]).astype(jnp.finfo(x.dtype).dtype)
    return jnp.sum(mask * x, axis=-1, keepdims=True)


class BayerMosaic(LinearOperator):
    """`bayer_mosaic` as a linear operator with orthonormal rows."""

    def forward(self, x: jax.Array) -> jax.Array:
        """Mosaics ``x`` of shape ``in_shape``."""
        return bayer_mosaic(x)

    @property
    def proximal(self):
        """``argmin_x |A x - y|² + rho |x - z|²``: known colours are averaged, others kept."""
        return self._proximal

    def _proximal(self, y, z, rho):
        mask = bayer_mask(self.in_shape[:2]).astype(jnp.finfo(self.in_dtype).dtype)
        return (mask * y + rho * z) / (mask + rho)


def to_grey(x: jax.Array, weights: jax.Array) -> jax.Array:
    """Mixes channels into one, ``y = sum_c w_c x_c``: the forward model of colourisation.

    Args:
      x: images ``(..., H, W, C)``.
      weights: ``(C,)``, real; (0.299, 0.587, 0.114) for the luma of ITU-R BT.601.

    Returns:
      Images ``(..., H, W, 1)``.

    Raises:
      ValueError: where ``x`` isn't a floating-point image or ``weights`` aren't real,
        one a channel.
    """
    x = as_image("x", x)
    if np.shape(weights) != x.shape[-1:] or jnp.iscomplexobj(weights):
        raise ValueError(
            f"weights: expected {x.shape[-1]} real values, "
            f"got {jnp.result_type(weights)} of shape {np.shape(weights)}"
        )
    return jnp.sum(jnp.asarray(weights, jnp.finfo(x.dtype).dtype) * x, axis=-1, keepdims=True)


class Grey(LinearOperator):
    """`to_grey` as a linear operator, differentiable in its weights.

    Attributes:
      weights: ``(C,)``, real.
    """

    weights: jax.Array

    def forward(self, x: jax.Array) -> jax.Array:
        """Mixes the channels of ``x`` of shape ``in_shape``."""
        return to_grey(x, self.weights)

    @property
    def proximal(self):
        """``argmin_x |A x - y|² + rho |x - z|²``, which moves a colour along the weights."""
        return self._proximal

    def _proximal(self, y, z, rho):
        weights = jnp.asarray(self.weights, jnp.finfo(self.in_dtype).dtype)
        return z + weights * (y - to_grey(z, weights)) / (jnp.sum(weights**2) + rho)
