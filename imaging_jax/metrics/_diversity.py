import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import xlogy

from imaging_jax._images import as_image
from imaging_jax.metrics._features import as_features


def class_histogram(labels: jax.Array, classes: int) -> jax.Array:
    """The share of each class among labels.

    Args:
      labels: ``(N,)`` integers from 0 to classes - 1; others belong to no class.
      classes: their number.

    Returns:
      ``(classes,)``, sums to 1 where every label is a class.

    Raises:
      ValueError: where ``labels`` isn't a non-empty row of integers, or ``classes`` is below 1.
    """
    if np.ndim(labels) != 1 or np.shape(labels)[0] < 1:
        raise ValueError(f"labels: expected shape (N,), got {np.shape(labels)}")
    if classes < 1:
        raise ValueError(f"classes: expected at least 1, got {classes}")
    labels = jnp.asarray(labels)
    if not jnp.issubdtype(labels.dtype, jnp.integer):
        raise ValueError(f"labels: expected integers, got {labels.dtype}")
    return jnp.mean(labels[:, None] == jnp.arange(classes), axis=0)


def modes(histogram: jax.Array, share: float = 0.01) -> jax.Array:
    """The number of classes that have at least a share of the samples.

    Noise may cover them all: read it beside `mean_confidence`.

    Args:
      histogram: ``(..., classes)``, shares.
      share: the least that counts.

    Returns:
      ``(...)`` integers.

    Raises:
      ValueError: where ``histogram`` is a scalar.
    """
    return jnp.sum(_row(histogram) >= share, axis=-1)


def kl_to_uniform(histogram: jax.Array) -> jax.Array:
    """Kullback-Leibler divergence of a histogram from the uniform one, in nats; 0 is even.

    Args:
      histogram: ``(..., classes)``, shares that sum to 1.

    Returns:
      ``(...)``, from 0 to log classes, where one class has everything.

    Raises:
      ValueError: where ``histogram`` is a scalar.
    """
    histogram = _row(histogram)
    return jnp.sum(xlogy(histogram, histogram.shape[-1] * histogram), axis=-1)


def mean_confidence(probabilities: jax.Array) -> jax.Array:
    """The mean over samples of a classifier's largest probability.

    Args:
      probabilities: ``(N, classes)``, rows that sum to 1.

    Returns:
      A scalar in [1 / classes, 1].

    Raises:
      ValueError: where ``probabilities`` isn't real floating point of two axes.
    """
    return jnp.mean(jnp.max(as_features("probabilities", probabilities), axis=-1))


def pixel_deviation(images: jax.Array) -> jax.Array:
    """The standard deviation over a set of images, averaged over the pixels; 0 if all are alike.

    Args:
      images: ``(N, H, W, C)``.

    Returns:
      A scalar in the images' units.

    Raises:
      ValueError: where ``images`` isn't real floating point of at least four axes.
    """
    images = as_image("images", images, real=True)
    if images.ndim < 4:
        raise ValueError(f"images: expected shape (N, H, W, C), got {images.shape}")
    return jnp.mean(jnp.std(images, axis=0))


def _row(histogram):
    if np.ndim(histogram) < 1:
        raise ValueError("histogram: expected shape (..., classes), got a scalar")
    return jnp.asarray(histogram)
