from typing import Literal, get_args

import jax
import jax.numpy as jnp

from imaging_jax._counts import check_counts
from imaging_jax._images import as_image
from imaging_jax.losses._pixel import check_shapes

Replacement = Literal["uniform", "median"]


def blind_spots(
    key: jax.Array,
    images: jax.Array,
    box: int = 8,
    radius: int = 2,
    replacement: Replacement = "uniform",
) -> tuple[jax.Array, jax.Array]:
    """Hides one pixel in each box of an image from a network that is to predict it.

    Args:
      key: of the places and of the pixels that replace them.
      images: real images ``(N, H, W, C)``; all channels of a pixel are hidden together.
      box: pixels a side of the boxes, of which each has one place, drawn uniformly; places beyond
        the image are left out.
      radius: of the window of ``2 radius + 1`` pixels a side around a place, moved inwards at the
        border.
      replacement: "uniform" draws a pixel of the window, the place itself among them; "median"
        takes the median of its other pixels, channel by channel, as N2V2 does.

    Returns:
      The images with those pixels replaced, and the mask ``(N, H, W, 1)`` of 1 where they are.

    Raises:
      ValueError: images of another shape or smaller than a window, counts below 1, another word.

    Krull, Buchholz, Jug, "Noise2Void: learning denoising from single noisy images", CVPR 2019;
    Höck, Buchholz, Brachmann, Jug, Freytag, "N2V2: fixing Noise2Void checkerboard artifacts with
    modified sampling strategies and a tweaked network architecture", ECCV workshops 2022.
    """
    images = as_image("images", images, real=True)
    check_counts(box=box, radius=radius)
    side = 2 * radius + 1
    if images.ndim != 4 or min(images.shape[1:3]) < side:
        raise ValueError(
            f"images: expected (N, H, W, C) of {side} pixels a side, got {images.shape}"
        )
    if replacement not in get_args(Replacement):
        raise ValueError(
            f"replacement: expected one of {get_args(Replacement)}, got {replacement!r}"
        )
    place_key, pixel_key = jax.random.split(key)
    rows, columns = _places(place_key, images.shape, box)
    count, height, width, _ = images.shape
    item = jnp.arange(count)[:, None]
    top = jnp.clip(rows - radius, 0, height - side)
    left = jnp.clip(columns - radius, 0, width - side)
    if replacement == "uniform":
        down, right = jax.random.randint(pixel_key, (2, *rows.shape), 0, side)
        values = images[item, top + down, left + right]
    else:
        down, right = (axis.ravel() for axis in jnp.mgrid[:side, :side])
        window = (top[..., None] + down, left[..., None] + right)
        own = (window[0] == rows[..., None]) & (window[1] == columns[..., None])
        around = jnp.where(own[..., None], jnp.nan, images[item[..., None], *window])
        values = jnp.nanmedian(around, axis=-2)
    hidden = images.at[item, rows, columns].set(values, mode="drop")
    mask = jnp.zeros((count, height, width, 1), images.dtype)
    return hidden, mask.at[item, rows, columns].set(1, mode="drop")


def _places(key, shape, box):
    """Row and column of a place in each box, each ``(N, boxes)``."""
    count, height, width, _ = shape
    tops, lefts = (axis.ravel() for axis in jnp.mgrid[:height:box, :width:box])
    down, right = jax.random.randint(key, (2, count, len(tops)), 0, box)
    return tops + down, lefts + right


def masked_mse(prediction: jax.Array, target: jax.Array, mask: jax.Array) -> jax.Array:
    """Mean squared difference over the elements that a mask marks.

    Args:
      prediction: ``(..., H, W, C)``.
      target: the same shape.
      mask: ``(..., H, W, 1)`` of 0 and 1.

    Returns:
      A scalar; 0 where the mask is.

    Raises:
      ValueError: where the shapes of prediction and target differ.
    """
    check_shapes(prediction, target)
    marked = jnp.sum(mask) * prediction.shape[-1]
    return jnp.sum(mask * (prediction - target) ** 2) / jnp.maximum(marked, 1)


def noisier2noise_estimate(prediction: jax.Array, noisier: jax.Array, alpha: float) -> jax.Array:
    """The clean image of what a network trained by Noisier2Noise predicts.

    Of ``z = y + alpha m`` with ``y = x + n``, ``m`` of the law of ``n``, the network predicts
    ``E[y|z]``; then ``E[x|z] = ((1 + alpha²) E[y|z] - z) / alpha²``.

    Args:
      prediction: of the network, ``(..., H, W, C)``.
      noisier: ``z``, the same shape.
      alpha: strength of the added noise, positive.

    Returns:
      Images of the same shape.

    Raises:
      ValueError: where the shapes differ or ``alpha`` isn't positive.

    Moran, Schmidt, Zhong, Coady, "Noisier2Noise: learning to denoise from unpaired noisy data",
    CVPR 2020, section 3.
    """
    check_shapes(prediction, noisier)
    if not alpha > 0:
        raise ValueError(f"alpha: expected a positive number, got {alpha}")
    return ((1 + alpha**2) * prediction - noisier) / alpha**2
