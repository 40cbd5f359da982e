import math
from collections.abc import Callable

import jax
import jax.numpy as jnp


def path_length(
    synthesis: Callable[[jax.Array], jax.Array], ws: jax.Array, key: jax.Array
) -> jax.Array:
    """How far an image moves for a step of its styles, in a random direction of image space.

    ``sqrt(mean over styles of ‖Jᵀ y‖²)`` with the Jacobian J of the synthesis and y of N(0, 1)
    divided by the root of H W. The penalty is the square of its difference from its running mean.

    Args:
      synthesis: styles to images ``(N, H, W, C)``, each of its own styles.
      ws: ``(N, num_ws, w)``.
      key: random key.

    Returns:
      ``(N,)``, at least 0.

    Raises:
      ValueError: where ``ws`` hasn't three axes, or the images not four and N.

    Karras, Laine, Aittala, Hellsten, Lehtinen, Aila, "Analyzing and Improving the Image Quality of
    StyleGAN", CVPR 2020, equation 4.
    """
    if ws.ndim != 3:
        raise ValueError(f"ws: expected shape (N, num_ws, w), got {ws.shape}")
    images, vjp = jax.vjp(synthesis, ws)
    if images.ndim != 4 or len(images) != len(ws):
        raise ValueError(f"synthesis: expected {len(ws)} images (N, H, W, C), got {images.shape}")
    noise = jax.random.normal(key, images.shape, images.dtype)
    (gradient,) = vjp(noise / math.sqrt(images.shape[1] * images.shape[2]))
    return jnp.sqrt(jnp.mean(jnp.sum(gradient**2, axis=-1), axis=-1))
