from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np


def masked_bias_corrected_error(
    reference: jax.Array,
    estimate: jax.Array,
    clear: jax.Array,
    error: Callable[[jax.Array], jax.Array] = jnp.square,
) -> jax.Array:
    """The mean error of clear pixels, after their mean difference is taken away.

    No gradient passes through the mean difference.

    Args:
      reference: ``(..., H, W, C)``.
      estimate: the same shape.
      clear: ``(..., H, W, 1)``, 1 where a pixel of the reference counts, else 0.
      error: of differences, such as ``jnp.square`` or ``jnp.abs``.

    Returns:
      ``(...)``; 0 where no pixel is clear.

    Märtens, Izzo, Krzic, Cox, "Super-resolution of PROBA-V images using convolutional neural
    networks", Astrodynamics 3, 2019, equations 1 and 2.
    """
    axes = (-3, -2)
    count = jnp.maximum(jnp.sum(clear, axes, keepdims=True), 1)
    difference = jnp.where(clear > 0, reference - estimate, 0)
    bias = jax.lax.stop_gradient(jnp.sum(difference, axes, keepdims=True) / count)
    errors = jnp.where(clear > 0, error(difference - bias), 0)
    return jnp.mean(jnp.sum(errors, axes) / count[..., 0, 0, :], axis=-1)


def shifted_error(
    reference: jax.Array,
    estimate: jax.Array,
    clear: jax.Array,
    error: Callable[[jax.Array], jax.Array] = jnp.square,
    border: int = 3,
) -> jax.Array:
    """The least of `masked_bias_corrected_error` over shifts of the reference by whole pixels.

    The centre of the estimate is compared with the (2 border + 1)² windows of the reference.

    Args:
      reference: ``(N, H, W, C)``.
      estimate: the same shape.
      clear: ``(N, H, W, 1)``, 1 where a pixel of the reference counts, else 0.
      error: of differences.
      border: the greatest shift, in pixels.

    Returns:
      ``(N,)``; windows without a clear pixel don't count, and 0 where none has one.

    Raises:
      ValueError: where nothing is left within the border.

    Molini, Valsesia, Fracastoro, Magli, "DeepSUM: Deep neural network for Super-resolution of
    Unregistered Multitemporal images", IEEE TGRS 58(5), 2020, equation 7.
    """
    height, width = (side - 2 * border for side in estimate.shape[-3:-1])
    if min(height, width) < 1:
        raise ValueError(f"border={border}: nothing is left of images {estimate.shape}")

    def at(offset, reference, estimate, clear):
        centre = estimate[border : border + height, border : border + width]
        corner = (*offset, 0)
        reference, clear = (
            jax.lax.dynamic_slice(x, corner, (height, width, x.shape[-1]))
            for x in (reference, clear)
        )
        return masked_bias_corrected_error(reference, centre, clear, error), jnp.any(clear > 0)

    offsets = jnp.asarray(np.indices((2 * border + 1,) * 2).reshape(2, -1).T)
    images = (reference, estimate, clear)
    # Only the best window has a gradient: the others are looked at without one.
    still = jax.lax.stop_gradient(images)
    errors, seen = jax.lax.map(lambda offset: jax.vmap(partial(at, offset))(*still), offsets)
    best = jnp.argmin(jnp.where(seen, errors, jnp.inf), axis=0)
    found, _ = jax.vmap(at)(offsets[best], *images)
    return found
