import jax
import jax.numpy as jnp

from imaging_jax._images import as_image


def gram_matrix(features: jax.Array) -> jax.Array:
    """Products of the channels of a feature map, the statistics that stand for an image's style.

    Args:
      features: ``(..., H, W, C)``, such as a map of `imaging_jax.models.features.VGG19`.

    Returns:
      ``(..., C, C)``: sums over the pixels divided by H·W·C.

    Raises:
      ValueError: where ``features`` isn't a real map of channels.

    Source: Gatys, Ecker, Bethge, "Image Style Transfer Using Convolutional Neural Networks", CVPR
    2016, equation 3; divided as by github.com/jcjohnson/neural-style.
    """
    features = as_image("features", features, real=True)
    height, width, channels = features.shape[-3:]
    products = jnp.einsum("...ijc,...ijd->...cd", features, features, precision="highest")
    return products / (height * width * channels)
