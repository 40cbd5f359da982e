from typing import Literal

import jax
import jax.numpy as jnp

from imaging_jax._images import as_image
from imaging_jax.metrics._safe_sqrt import safe_sqrt

Differences = Literal["forward", "forward_with_border", "central"]


def average_gradient(
    image: jax.Array, *, data_range: float = 1.0, differences: Differences = "forward"
) -> jax.Array:
    """Average gradient AG, a sharpness without reference; larger is sharper.

    The mean of ``sqrt((dx² + dy²) / 2)`` over the pixels, then over the channels, in 8-bit levels
    a pixel. The papers differ in the differences, and on textured images the values differ by half:

    - ``"forward"``: to the next pixel, over the (H - 1)(W - 1) pixels that have both neighbours;
    - ``"forward_with_border"``: the last row and column too, with 0 for the difference they lack,
      yet the sum is divided by (H - 1)(W - 1): a common MATLAB script;
    - ``"central"``: half the difference of both neighbours, one-sided at the border, over all
      pixels.

    Args:
      image: ``(..., H, W, C)``, at least 2 pixels a side.
      data_range: the peak, 1 for images in [0, 1].
      differences: one of those above.

    Returns:
      ``(...)``, as of an image in [0, 255]. The gradient of a flat image is 0.

    Raises:
      ValueError: where ``image`` isn't a real floating-point image or is too small, or
        ``differences`` isn't one of those above.
    """
    image = as_image("image", image, real=True)
    height, width = image.shape[-3:-1]
    if min(height, width) < 2:
        raise ValueError(f"image: expected at least 2 pixels a side, got {image.shape}")
    levels = image * (255 / data_range)
    pixels = (height - 1) * (width - 1)
    if differences == "forward":
        dy = jnp.diff(levels, axis=-3)[..., :-1, :]
        dx = jnp.diff(levels, axis=-2)[..., :-1, :, :]
    elif differences == "forward_with_border":
        dy = jnp.diff(levels, axis=-3, append=levels[..., -1:, :, :])
        dx = jnp.diff(levels, axis=-2, append=levels[..., -1:, :])
    elif differences == "central":
        dy, dx = jnp.gradient(levels, axis=(-3, -2))
        pixels = height * width
    else:
        raise ValueError(
            "differences: expected one of forward, forward_with_border, central, "
            f"got {differences!r}"
        )
    magnitude = safe_sqrt((dx**2 + dy**2) / 2)
    return jnp.mean(jnp.sum(magnitude, axis=(-3, -2)) / pixels, axis=-1)
