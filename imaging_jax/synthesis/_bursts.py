from typing import NamedTuple

import jax
import jax.numpy as jnp

from imaging_jax.operators import gaussian_noise
from imaging_jax.synthesis._dead_leaves import dead_leaves


class Burst(NamedTuple):
    """Noisy frames of one scene.

    Attributes:
        frames: ``(frames, H, W, 3)``; those that are missing are 0.
        mask: ``(frames,)``, 1 for a frame that is there; the first always is.
        image: ``(H, W, 3)`` in [0, 1], the first frame without noise.
    """

    frames: jax.Array
    mask: jax.Array
    image: jax.Array


def burst(
    key: jax.Array,
    shape: tuple[int, int],
    *,
    frames: int = 3,
    sigma: float = 25 / 255,
    shift: int = 1,
    leaves: int = 160,
) -> Burst:
    """Draws a burst: a dead-leaves image shaken by whole pixels, under white Gaussian noise.

    Each frame but the first is missing with a chance of a third.

    Args:
        key: random key; ``jax.vmap`` over keys makes a batch.
        shape: (H, W).
        frames: how many there may be.
        sigma: standard deviation of the noise.
        shift: largest shift of a frame from the first, in pixels and along each axis.
        leaves: as of `dead_leaves`.
    """
    scene_key, shift_key, noise_key, mask_key = jax.random.split(key, 4)
    size = tuple(side + 2 * shift for side in shape)
    scene = dead_leaves(scene_key, size, leaves=leaves)
    corners = jax.random.randint(shift_key, (frames, 2), 0, 2 * shift + 1).at[0].set(shift)

    def cut(corner):
        return jax.lax.dynamic_slice(scene, (*corner, 0), (*shape, 3))

    clean = jax.vmap(cut)(corners)
    mask = jax.random.bernoulli(mask_key, 2 / 3, (frames,)).at[0].set(True)
    noisy = gaussian_noise(noise_key, clean, sigma)
    kept = jnp.where(mask[:, None, None, None], noisy, 0)
    return Burst(kept, mask.astype(noisy.dtype), clean[0])
