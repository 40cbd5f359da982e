"""What an image keeps of another's content and style, by the maps of a network of features."""

from collections.abc import Mapping

import jax
import jax.numpy as jnp

from imaging_jax._images import as_image
from imaging_jax.losses._gram import gram_matrix
from imaging_jax.losses._pixel import mse


def feature_reconstruction_loss(
    maps: Mapping[str, jax.Array], targets: Mapping[str, jax.Array]
) -> jax.Array:
    """Mean squared differences of feature maps, added up over the layers of ``targets``.

    Args:
      maps: of the images, by name, ``(..., H, W, C)`` each.
      targets: the maps of what is to be kept, of the same shapes; the other maps don't count.

    Returns:
      A scalar, at least 0.

    Raises:
      ValueError: where a map is missing or of another shape.

    Source: Johnson, Alahi, Fei-Fei, "Perceptual Losses for Real-Time Style Transfer and
    Super-Resolution", ECCV 2016, equation 2; Gatys' equation 1 takes half the sum.
    """
    _check_names(maps, targets)
    return sum((mse(maps[name], target) for name, target in targets.items()), jnp.zeros(()))


def style_reconstruction_loss(
    maps: Mapping[str, jax.Array], grams: Mapping[str, jax.Array]
) -> jax.Array:
    """Mean squared differences of Gram matrices, added up over the layers of ``grams``.

    Args:
      maps: of the images, by name, ``(..., H, W, C)`` each.
      grams: `gram_matrix` of the style's maps, ``(C, C)`` each, of images of any size; the other
        maps don't count.

    Returns:
      A scalar, at least 0.

    Raises:
      ValueError: where a map is missing or has other channels.

    Source: Gatys, Ecker, Bethge, "Image Style Transfer Using Convolutional Neural Networks", CVPR
    2016, equations 4 and 5, with the means of github.com/jcjohnson/neural-style.
    """
    _check_names(maps, grams)

    def layer(name, wanted):
        found = gram_matrix(maps[name])
        if wanted.shape != found.shape[-2:]:
            raise ValueError(
                f"grams: expected shape {found.shape[-2:]} of {name}, got {wanted.shape}"
            )
        return mse(found, jnp.broadcast_to(wanted, found.shape))

    return sum((layer(name, wanted) for name, wanted in grams.items()), jnp.zeros(()))


def squared_variation(x: jax.Array) -> jax.Array:
    """Mean squared difference of neighbours, of those below each other and of those side by side.

    Unlike the total variation it has a gradient everywhere and doesn't depend on the size.

    Args:
      x: real images ``(..., H, W, C)``; a side of one pixel has no neighbours.

    Returns:
      A scalar, at least 0: the sum of both means.

    Raises:
      ValueError: where ``x`` isn't a real image.

    Source: Johnson, Alahi, Fei-Fei, ECCV 2016, section 3.2, with the means of
    github.com/lengstrom/fast-style-transfer.
    """
    x = as_image("x", x, real=True)
    differences = (jnp.diff(x, axis=axis) for axis in (-3, -2))
    return sum((jnp.mean(d**2) for d in differences if d.size), jnp.zeros(()))


def _check_names(maps, wanted):
    missing = [name for name in wanted if name not in maps]
    if missing:
        raise ValueError(f"maps: expected {', '.join(missing)}, got {', '.join(maps)}")
