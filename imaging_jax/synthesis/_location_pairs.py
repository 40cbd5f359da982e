import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax._counts import check_counts
from imaging_jax._images import as_image

# Rows and columns from a patch to its eight neighbours, in rows.
_NEIGHBOURS = np.array([(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if (dy, dx) != (0, 0)])
# Green against magenta, along which chromatic aberration moves colours.
_ABERRATION = np.array([-1.0, 2.0, -1.0])


def location_pairs(
    key: jax.Array, images: jax.Array, side: int = 96, gap: int = 48, jitter: int = 7
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Cuts two neighbouring patches of each image, and says where the second lies.

    The pair lies anywhere in the image. Between neighbours there is a gap, and each patch is moved
    by itself, so that lines that go on from one to the other tell nothing. No label is drawn more
    often than another by more than one.

    Args:
      key: of labels, places and jitter.
      images: ``(N, H, W, C)``.
      side: height and width of a patch, in pixels.
      gap: pixels between neighbours.
      jitter: the most pixels by which a patch is moved along each axis.

    Returns:
      The first patches and the second ones, each ``(N, side, side, C)``, and labels ``(N,)`` of 0
      to 7: above to the left, above, above to the right, left, right, and so on.

    Raises:
      ValueError: images in which no pair fits, counts below 0, or patches of no pixel.

    Source: Doersch, Gupta, Efros, "Unsupervised visual representation learning by context
    prediction", ICCV 2015, section 3.
    """
    images = as_image("images", images, real=True)
    check_counts(side=side)
    for name, value in (("gap", gap), ("jitter", jitter)):
        if value < 0:
            raise ValueError(f"{name}: expected at least 0, got {value}")
    least = 2 * side + gap + 2 * jitter
    if images.ndim != 4 or min(images.shape[1:3]) < least:
        raise ValueError(
            f"images: expected (N, H, W, C) of {least} pixels a side, for two patches of {side}, a "
            f"gap of {gap} and a jitter of {jitter}, got {images.shape}"
        )
    count = len(images)
    label_key, start_key, place_key, jitter_key = jax.random.split(key, 4)
    # From anywhere on, so that a batch that 8 doesn't divide favours none.
    start = jax.random.randint(start_key, (), 0, 8)
    labels = (jax.random.permutation(label_key, count) + start) % 8
    step = (side + gap) * jnp.asarray(_NEIGHBOURS)[labels]
    # Both corners, whatever the direction, in a box whose sides are those of what is cut.
    sizes = np.array(images.shape[1:3])
    room = sizes - side - 2 * jitter - jnp.abs(step) + 1
    origin = jax.random.randint(place_key, (count, 2), 0, room) + jitter + jnp.maximum(-step, 0)
    moved = jax.random.randint(jitter_key, (2, count, 2), -jitter, jitter + 1)
    cut = jax.vmap(
        lambda image, corner: jax.lax.dynamic_slice(
            image, (corner[0], corner[1], 0), (side, side, image.shape[-1])
        )
    )
    return cut(images, origin + moved[0]), cut(images, origin + step + moved[1]), labels


def drop_colors(key: jax.Array, patches: jax.Array) -> jax.Array:
    """Keeps one channel of each patch, less its mean, and replaces the others by noise.

    Chromatic aberration tells where in a picture a patch lies; of one channel it can't be read.

    Args:
      key: of channels and noise, which is uniform in ±1/2.
      patches: ``(N, H, W, 3)`` in [0, 1].

    Returns:
      Patches of the same shape.

    Raises:
      ValueError: patches of another shape.

    Source: Doersch, Gupta, Efros, ICCV 2015, section 3.1.
    """
    patches = _colored(patches)
    channel_key, noise_key = jax.random.split(key)
    channels = jax.random.randint(channel_key, (len(patches), 1, 1, 1), 0, 3)
    noise = jax.random.uniform(noise_key, patches.shape, patches.dtype, -0.5, 0.5)
    centred = patches - jnp.mean(patches, axis=(1, 2), keepdims=True)
    return jnp.where(jnp.arange(3) == channels, centred, noise)


def project_colors(patches: jax.Array) -> jax.Array:
    """Takes away what differs between green and the mean of red and blue, as aberration does.

    Args:
      patches: ``(N, H, W, 3)``.

    Returns:
      Patches of the same shape.

    Raises:
      ValueError: patches of another shape.

    Source: Doersch, Gupta, Efros, ICCV 2015, section 3.1.
    """
    patches = _colored(patches)
    matrix = np.eye(3) - np.outer(_ABERRATION, _ABERRATION) / (_ABERRATION @ _ABERRATION)
    return jnp.matmul(patches, jnp.asarray(matrix, patches.dtype), precision="highest")


def _colored(patches):
    patches = as_image("patches", patches, real=True)
    if patches.ndim != 4 or patches.shape[-1] != 3:
        raise ValueError(f"patches: expected (N, H, W, 3), got {patches.shape}")
    return patches
