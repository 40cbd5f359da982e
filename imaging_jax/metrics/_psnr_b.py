import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax.metrics._pairs import shaved_pair

_BLOCK = 8


def psnr_b(reference: jax.Array, estimate: jax.Array) -> jax.Array:
    """Peak signal-to-noise ratio that counts visible blocks of 8x8 as an error of their own.

    ``-10 log10(MSE + BEF)`` at peak 1. The blocking effect factor is ``eta (D_b - D_n)`` where it
    is positive: mean squared differences of the estimate's neighbours across borders of blocks, and
    of all others; ``eta = log2 8 / log2 min(H, W)``.

    Args:
      reference: ``(..., H, W, C)`` in [0, 1], at least 9 pixels a side.
      estimate: the same shape; its blocks begin at the upper left.

    Returns:
      ``(...)``, in dB, the mean over channels of the two errors taken together.

    Raises:
      ValueError: where the shapes differ, the images aren't real floating point, or are too small.

    Yim, Bovik, "Quality assessment of deblocked images", IEEE TIP 20(1), 2011.
    """
    reference, estimate = shaved_pair(reference, estimate, 0)
    height, width = estimate.shape[-3:-1]
    if min(height, width) <= _BLOCK:
        raise ValueError(f"estimate: expected more than 8 pixels a side, got {estimate.shape}")
    mse = jnp.mean((reference - estimate) ** 2, axis=(-3, -2))
    down = jnp.sum(jnp.diff(estimate, axis=-3) ** 2, axis=-2)
    across = jnp.sum(jnp.diff(estimate, axis=-2) ** 2, axis=-3)
    rows, columns = (np.arange(1, size) % _BLOCK == 0 for size in (height, width))
    pairs = rows.sum() * width + columns.sum() * height
    others = (~rows).sum() * width + (~columns).sum() * height
    of_borders = down[..., rows, :].sum(-2) + across[..., columns, :].sum(-2)
    of_others = down[..., ~rows, :].sum(-2) + across[..., ~columns, :].sum(-2)
    eta = np.log2(_BLOCK) / np.log2(min(height, width))
    blocking = eta * jnp.maximum(of_borders / pairs - of_others / others, 0)
    return -10 * jnp.log10(jnp.mean(mse + blocking, axis=-1))
