import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax.metrics._pairs import shaved_pair


def cpsnr(
    reference: jax.Array,
    estimate: jax.Array,
    mask: jax.Array,
    *,
    border: int = 3,
    data_range: float = 1.0,
) -> tuple[jax.Array, jax.Array]:
    """Corrected PSNR of the Proba-V challenge, blind to brightness, shift and clouds.

    The centre of the estimate is compared with the (2 border + 1)² windows of its size in the
    reference, over the clear pixels and after the mean difference, the bias, is taken away. The
    best window counts.

    Args:
      reference: ``(..., H, W, 1)``; the challenge divides its 16-bit values by 65535. Bands are
        scored one by one, each with its own shift: put them on a leading axis.
      estimate: the same shape.
      mask: the same shape, of the reference: a pixel is clear where it isn't 0.
      border: the greatest shift, in pixels.
      data_range: the peak, 1 for images in [0, 1].

    Returns:
      (cPSNR, offset): ``(...)`` in dB, infinite where only the brightness differs and minus
      infinity where no pixel is clear, and ``(..., 2)``, the row and column in the reference, 0 to
      2 border, of the best window's corner; ``border`` is no shift.

    Raises:
      ValueError: where the shapes differ, there is more than one channel, the images aren't real
        floating point, or nothing is left within ``border``.

    Märtens, Izzo, Krzic, Cox, "Super-resolution of PROBA-V images using convolutional neural
    networks", Astrodynamics 3, 2019.
    """
    _check_mask(reference, mask)
    _, centre = shaved_pair(reference, estimate, border)
    reference, clear = jnp.asarray(reference), jnp.asarray(mask) != 0
    offsets = jnp.asarray(np.indices((2 * border + 1,) * 2).reshape(2, -1).T)

    def corrected_mse_at(offset):
        corner = (*[0] * (centre.ndim - 3), *offset, 0)
        windows = (jax.lax.dynamic_slice(x, corner, centre.shape) for x in (reference, clear))
        return _corrected_mse(*windows, centre)

    # One window after the other: all at once take (2 border + 1)² times the memory.
    cmse = jax.lax.map(corrected_mse_at, offsets)
    best = jnp.argmin(cmse, axis=0)
    return 10 * jnp.log10(data_range**2 / jnp.min(cmse, axis=0)), offsets[best]


def _corrected_mse(reference, clear, estimate):
    count = jnp.sum(clear, axis=(-3, -2, -1), keepdims=True)
    # Not a product with the mask: hidden pixels may be NaN.
    difference = jnp.where(clear, reference - estimate, 0)
    bias = jnp.sum(difference, axis=(-3, -2, -1), keepdims=True) / jnp.maximum(count, 1)
    squares = jnp.where(clear, difference - bias, 0) ** 2
    cmse = jnp.sum(squares, axis=(-3, -2, -1)) / jnp.maximum(count, 1)[..., 0, 0, 0]
    return jnp.where(count[..., 0, 0, 0] > 0, cmse, jnp.inf)


def _check_mask(reference, mask):
    if np.shape(reference)[-1:] != (1,):
        raise ValueError(f"reference: expected shape (..., H, W, 1), got {np.shape(reference)}")
    if np.shape(mask) != np.shape(reference):
        raise ValueError(
            f"mask: expected the shape of reference {np.shape(reference)}, got {np.shape(mask)}"
        )
