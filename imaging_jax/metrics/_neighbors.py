import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax._images import as_image
from imaging_jax.metrics._features import as_features, check_same_width

_ROWS = 256
"""Rows of the matrix of distances that are in memory at once."""


def precision_recall(real: jax.Array, fake: jax.Array, k: int = 3) -> tuple[jax.Array, jax.Array]:
    """Improved precision and recall of generated images' features; larger is better.

    A set's manifold is the union of balls around its features that reach to their k-th neighbour.
    Precision is the share of the fake features within the real manifold, recall that of the real
    ones within the fake manifold. Both depend on the number of samples, which should be equal.

    Args:
      real: ``(N, D)``, N above k.
      fake: ``(M, D)``, M above k.
      k: which neighbour, at least 1.

    Returns:
      Two scalars in [0, 1].

    Raises:
      ValueError: where the features aren't real floating point, of two axes and the same D, not
        more than ``k``, or ``k`` is below 1.

    Kynkäänniemi, Karras, Laine, Lehtinen, Aila, "Improved precision and recall metric for
    assessing generative models", NeurIPS 2019, equations 1 and 2.
    """
    if k < 1:
        raise ValueError(f"k: expected at least 1, got {k}")
    with jax.enable_x64(True):
        real, fake = (
            as_features(name, x, least=k + 1).astype(float)
            for name, x in (("real", real), ("fake", fake))
        )
        check_same_width("real", real, "fake", fake)
        return _share_within(fake, real, k), _share_within(real, fake, k)


def nearest_neighbors(images: jax.Array, training: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Finds each image's nearest training image by the Euclidean distance of the pixels.

    A generator that has learned its data by heart shows here.

    Args:
      images: ``(N, H, W, C)``.
      training: ``(M, H, W, C)``.

    Returns:
      The indices ``(N,)`` into ``training``, int32, and the distances ``(N,)``, in the images'
      units times the root of H W C.

    Raises:
      ValueError: where they aren't real floating point of four axes and one size.
    """
    images = as_image("images", images, real=True)
    training = as_image("training", training, real=True)
    if images.ndim != 4 or training.ndim != 4 or images.shape[1:] != training.shape[1:]:
        raise ValueError(
            f"training: expected (M, H, W, C) of the size of images, got {training.shape} "
            f"and {images.shape}"
        )
    return _nearest(*(x.reshape(len(x), -1) for x in (images, training)))


@jax.jit
def _nearest(x, y):
    # The distance that selects is rounded where x and y are large and near: the one returned isn't.
    half_square = jnp.sum(y**2, axis=-1) / 2
    product = lambda row: jnp.dot(y, row, precision=jax.lax.Precision.HIGHEST)  # noqa: E731
    nearest = lambda row: jnp.argmin(half_square - product(row)).astype(np.int32)  # noqa: E731
    indices = jax.lax.map(nearest, x, batch_size=_ROWS)
    return indices, jnp.sqrt(jnp.sum((x - y[indices]) ** 2, axis=-1))


@jax.jit(static_argnames="k")
def _share_within(points, centres, k):
    """The share of the points within the union of balls around the centres."""
    square = jnp.sum(centres**2, axis=-1)
    distances = lambda row: square - 2 * centres @ row + jnp.sum(row**2)  # noqa: E731
    # The nearest of a centre's neighbours is itself.
    neighbour = lambda row: -jax.lax.top_k(-distances(row), k + 1)[0][k]  # noqa: E731
    radii = jax.lax.map(neighbour, centres, batch_size=_ROWS)
    within = lambda row: jnp.any(distances(row) <= radii)  # noqa: E731
    return jnp.mean(jax.lax.map(within, points, batch_size=_ROWS).astype(float))
