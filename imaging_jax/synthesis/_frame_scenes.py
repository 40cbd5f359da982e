from typing import NamedTuple

import jax
import jax.numpy as jnp

from imaging_jax._images import as_image
from imaging_jax.operators import (
    add_clouds,
    gaussian_noise,
    lanczos_shift,
    resize,
    sample_cloud_opacity,
)

# A pixel counts as clear under less of a cloud than this.
_CLEAR = 0.02
# Of the noise that clouds are made of: they cover a third of a frame or so.
_THRESHOLD = 0.55


class FrameScene(NamedTuple):
    """Small frames of a place, taken on several days, and what is to be made of them.

    Attributes:
        frames: ``(T, h, w, C)`` in [0, 1].
        clear: ``(T, h, w, 1)``, 1 where no cloud is.
        image: ``(H, W, C)`` in [0, 1].
        image_clear: ``(H, W, 1)``, of ones.
    """

    frames: jax.Array
    clear: jax.Array
    image: jax.Array
    image_clear: jax.Array


def frame_scene(
    key: jax.Array,
    scene: jax.Array,
    shape: tuple[int, int],
    *,
    margin: int,
    frames: int = 9,
    shift: float = 3.0,
    sigma: float = 0.005,
    brightness: float = 0.03,
    cloudy: float = 0.5,
) -> FrameScene:
    """Takes frames of a large image, each moved by fractions of a pixel, some under clouds.

    The first frame isn't moved, and is clear; the image to be made lies upon it. The others are
    moved by up to ``shift`` pixels along each axis, made brighter or darker, shrunk with
    antialiasing, clouded, and given white noise.

    Args:
        key: random key; ``jax.vmap`` over keys and scenes makes a batch.
        scene: ``(H + 2 margin, W + 2 margin, C)`` in [0, 1].
        shape: (h, w) of the frames.
        margin: pixels of the scene around the image, at least ``shift``.
        frames: how many.
        shift: largest displacement along each axis, in pixels of the image.
        sigma: standard deviation of the noise.
        brightness: largest relative change of a frame's brightness.
        cloudy: chance that a frame has clouds.

    Raises:
        ValueError: a scene that is no image, or a margin below the shift.
    """
    scene = as_image("scene", scene, real=True)
    if margin < shift:
        raise ValueError(f"margin={margin}: wanted {shift:g}, the largest shift, at least")
    inside = (slice(margin, -margin),) * 2 if margin else (slice(None),) * 2
    shift_key, gain_key, clouded_key, cloud_key, noise_key = jax.random.split(key, 5)
    shifts = jax.random.uniform(shift_key, (frames, 2), minval=-shift, maxval=shift)
    gains = 1 + jax.random.uniform(gain_key, (frames,), minval=-brightness, maxval=brightness)
    first = jnp.arange(frames) == 0
    clouded = jax.random.bernoulli(clouded_key, cloudy, (frames,)) & ~first

    def frame(key, shift, gain, is_first, is_clouded):
        moved = lanczos_shift(scene, jnp.where(is_first, 0, shift))[inside]
        small = resize(moved, shape=shape) * jnp.where(is_first, 1, gain)
        opacity = jnp.where(is_clouded, sample_cloud_opacity(key, shape, _THRESHOLD), 0)
        return add_clouds(small, opacity), (opacity < _CLEAR).astype(small.dtype)

    keys = jax.random.split(cloud_key, frames)
    taken, clear = jax.vmap(frame)(keys, shifts, gains, first, clouded)
    noisy = jnp.clip(gaussian_noise(noise_key, taken, sigma), 0, 1)
    image = scene[inside]
    return FrameScene(noisy, clear, image, jnp.ones((*image.shape[:2], 1), image.dtype))
