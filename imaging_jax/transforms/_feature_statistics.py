"""Feature maps of one image given the statistics of another's."""

import jax
import jax.numpy as jnp

from imaging_jax._images import as_image


def adaptive_instance_normalization(
    content: jax.Array, style: jax.Array, epsilon: float = 1e-5
) -> jax.Array:
    """Gives each channel the mean and the standard deviation that it has in the style's map.

    ``sigma(s) (c - mu(c)) / sigma(c) + mu(s)``; maps with the same statistics stay as they are.

    Args:
      content: ``(..., H, W, C)``.
      style: ``(..., h, w, C)``, of any size.
      epsilon: added to the variances, which are unbiased.

    Returns:
      ``(..., H, W, C)``.

    Raises:
      ValueError: maps that aren't real, of one pixel, or of different channels.

    Source: Huang, Belongie, "Arbitrary Style Transfer in Real-time with Adaptive Instance
    Normalization", ICCV 2017, equation 8; epsilon of github.com/naoto0804/pytorch-AdaIN.
    """
    content, style = _as_maps(content, style)

    def statistics(maps):
        mean = jnp.mean(maps, axis=(-3, -2), keepdims=True)
        variance = jnp.var(maps, axis=(-3, -2), keepdims=True, ddof=1)
        return mean, jnp.sqrt(variance + epsilon)

    (mean, deviation), (wanted_mean, wanted_deviation) = map(statistics, (content, style))
    return (content - mean) * (wanted_deviation / deviation) + wanted_mean


def whitening_coloring(content: jax.Array, style: jax.Array, floor: float = 1e-5) -> jax.Array:
    """Gives a map the mean and the covariance of the channels that the style's map has.

    The content's channels are made uncorrelated, ``E D^(-1/2) E^T (c - mean)``, and then correlated
    as the style's. Directions whose variance is below the floor carry nothing: of the content they
    are dropped, of the style not added. Where the content lacks directions of the style, so does
    the result.

    Args:
      content: ``(..., H, W, C)``.
      style: ``(..., h, w, C)``, of any size.
      floor: variance; eigenvalues below the rounding of the largest are dropped as well.

    Returns:
      ``(..., H, W, C)``.

    Raises:
      ValueError: maps that aren't real, of one pixel, or of different channels.

    Source: Li, Fang, Yang, Wang, Lu, Yang, "Universal Style Transfer via Feature Transforms", NIPS
    2017, equations 2 and 3.
    """
    content, style = _as_maps(content, style)
    shape = content.shape
    content, style = (x.reshape(*x.shape[:-3], -1, x.shape[-1]) for x in (content, style))
    of_content, of_style = (jnp.mean(x, axis=-2, keepdims=True) for x in (content, style))
    whitening = _power(content - of_content, floor, -0.5)
    coloring = _power(style - of_style, floor, 0.5)
    matrix = jnp.matmul(whitening, coloring, precision="highest")
    moved = jnp.matmul(content - of_content, matrix, precision="highest")
    return (moved + of_style).reshape(shape)


def _power(centred, floor, exponent):
    """A power of the covariance of ``(..., pixels, C)``, on the directions above the floor."""
    pixels, channels = centred.shape[-2:]
    transposed = jnp.swapaxes(centred, -1, -2)
    covariance = jnp.matmul(transposed, centred, precision="highest") / (pixels - 1)
    values, vectors = jnp.linalg.eigh(covariance)
    # What rounding leaves of zeros would be whitened to noise as strong as the image.
    rounding = channels * jnp.finfo(values.dtype).eps * values[..., -1:]
    kept = values > jnp.maximum(floor, rounding)
    powers = jnp.where(kept, jnp.where(kept, values, 1) ** exponent, 0)
    scaled = vectors * powers[..., None, :]
    return jnp.matmul(scaled, jnp.swapaxes(vectors, -1, -2), precision="highest")


def _as_maps(content, style):
    content, style = (
        as_image(name, x, real=True) for name, x in (("content", content), ("style", style))
    )
    if content.shape[-1] != style.shape[-1]:
        raise ValueError(
            f"style: expected the {content.shape[-1]} channels of content, got shape {style.shape}"
        )
    for name, x in (("content", content), ("style", style)):
        if x.shape[-3] * x.shape[-2] < 2:
            raise ValueError(f"{name}: expected at least two pixels, got shape {x.shape}")
    return content, style
