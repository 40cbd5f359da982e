import functools
import math

import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax._counts import check_counts
from imaging_jax._images import as_image
from imaging_jax.solvers._hyperspectral import pixels_of_blocks
from imaging_jax.solvers._problem import check_positive

_CLUSTERING_ITERATIONS = 20


def tdl(
    y: jax.Array,
    sigma: float,
    *,
    patch_size: int = 8,
    stride: int = 4,
    patches_per_cluster: int = 30,
) -> jax.Array:
    """Denoises hyperspectral images by tensor dictionaries of groups of similar patches.

    Patches of all bands are grouped by k-means. Those of a group are one tensor of rows, columns,
    bands and patches; a dictionary of each of its four modes holds the leading singular vectors of
    the unfolded tensor, which is then replaced by what the dictionary holds of it, bands first and
    patches next: a sequentially truncated higher-order singular value decomposition. A dictionary
    takes the vectors whose singular values are above the optimal hard threshold of Gavish and
    Donoho for white noise of level ``sigma``, at least one. Restored patches are averaged where
    they overlap.

    Groups are made by numpy, so ``y`` can't be traced. Memory grows with the square of the number
    of patches: at 512x512 pixels and the default stride it is about a gigabyte.

    Args:
      y: real images ``(..., H, W, B)``; leading axes are separate problems.
      sigma: standard deviation of the noise, in the units of ``y``, positive.
      patch_size: sides of a patch, positive.
      stride: of the patches, positive; the last ones end at the border.
      patches_per_cluster: how many a group has on average, positive.

    Returns:
      Images ``(..., H, W, B)``.

    Raises:
      ValueError: where ``y`` isn't a real floating-point image at least as large as a patch, or a
        number is out of its range.

    Peng, Meng, Xu, Gao, Yang, Zhang, "Decomposable nonlocal tensor dictionary learning for
    multispectral image denoising", CVPR 2014, where information criteria choose the sizes of
    dictionaries; Gavish, Donoho, "The optimal hard threshold for singular values is 4/sqrt(3)",
    IEEE Trans. Information Theory 2014, equation 11.
    """
    y = as_image("y", y, real=True)
    check_counts(patch_size=patch_size, stride=stride, patches_per_cluster=patches_per_cluster)
    check_positive(sigma=sigma)
    if min(y.shape[-3:-1]) < patch_size:
        raise ValueError(f"y: expected at least {patch_size} pixels a side, got {y.shape}")
    rows, columns = pixels_of_blocks(*y.shape[-3:-1], patch_size, stride)
    images = y.reshape(-1, *y.shape[-3:])
    restored = [
        _restore(image, sigma, rows, columns, patch_size, patches_per_cluster) for image in images
    ]
    return jnp.stack(restored).reshape(y.shape)


def _restore(image, sigma, rows, columns, patch_size, patches_per_cluster):
    patches = image[rows, columns, :]
    count = len(patches)
    clusters = max(1, count // patches_per_cluster)
    labels = np.asarray(_labels(patches.reshape(count, -1), clusters))
    groups = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    # Groups are filled up to the largest with an index beyond the patches: zeros.
    members = np.full((len(groups), max(map(len, groups))), count)
    for row, group in zip(members, groups, strict=True):
        row[: len(group)] = group
    shape = (patch_size, patch_size, image.shape[-1])
    restored = _restore_groups(patches, members, jnp.asarray(sigma, image.dtype), shape)
    total = jnp.zeros_like(image).at[rows, columns, :].add(restored)
    counts = np.zeros(image.shape[:2])
    np.add.at(counts, (rows, columns), 1)
    return total / jnp.asarray(counts[..., None], image.dtype)


@functools.partial(jax.jit, static_argnames="clusters")
def _labels(patches, clusters):
    """K-means from centres at even ranks along the first principal component."""
    centred = patches - jnp.mean(patches, axis=0)
    _, vectors = jnp.linalg.eigh(_dot(centred, centred.T))
    ranks = jnp.argsort(jnp.argsort(vectors[:, -1]))
    labels = ranks * clusters // len(patches)

    def iteration(_, labels):
        chosen = jax.nn.one_hot(labels, clusters, dtype=patches.dtype)
        sizes = jnp.sum(chosen, axis=0)
        centres = _dot(chosen.T, centred) / jnp.maximum(sizes, 1)[:, None]
        distances = jnp.sum(centres**2, axis=1) - 2 * _dot(centred, centres.T)
        return jnp.argmin(jnp.where(sizes > 0, distances, jnp.inf), axis=1)

    return jax.lax.fori_loop(0, _CLUSTERING_ITERATIONS, iteration, labels)


@functools.partial(jax.jit, static_argnames="shape")
def _restore_groups(patches, members, sigma, shape):
    def restore(indices):
        size = jnp.sum(indices < len(patches))
        group = patches.at[indices].get(mode="fill", fill_value=0)
        tensor = group.reshape(-1, *shape)
        return _truncated(tensor, size, sigma).reshape(group.shape)

    restored = jax.lax.map(restore, members)
    flat = restored.reshape(-1, *patches.shape[1:])
    return jnp.zeros_like(patches).at[members.ravel()].set(flat, mode="drop")


def _truncated(tensor, size, sigma):
    """Of (patches, rows, columns, bands), of which the first ``size`` patches are filled."""
    sizes = [size, *(jnp.asarray(length) for length in tensor.shape[1:])]
    for mode in (3, 0, 1, 2):
        unfolded = jnp.moveaxis(tensor, mode, 0)
        shape = unfolded.shape
        unfolded = unfolded.reshape(shape[0], -1)
        values, vectors = jnp.linalg.eigh(_dot(unfolded, unfolded.T))
        others = math.prod(other for i, other in enumerate(sizes) if i != mode)
        kept = values > (sigma * _hard_threshold(sizes[mode], others, tensor.dtype)) ** 2
        kept = kept.at[-1].set(True)
        vectors = jnp.where(kept, vectors, 0)
        projected = _dot(vectors, _dot(vectors.T, unfolded))
        tensor = jnp.moveaxis(projected.reshape(shape), 0, mode)
        # Noise outside of the dictionary is gone: the next modes have fewer columns with noise.
        sizes[mode] = jnp.sum(kept)
    return tensor


def _hard_threshold(rows, columns, dtype):
    """The optimal one for singular values of a matrix whose noise has unit variance."""
    large = jnp.maximum(rows, columns).astype(dtype)
    ratio = jnp.minimum(rows, columns) / large
    root = jnp.sqrt(ratio**2 + 14 * ratio + 1)
    return jnp.sqrt(large * (2 * (ratio + 1) + 8 * ratio / (ratio + 1 + root)))


def _dot(x, y):
    return jnp.matmul(x, y, precision=jax.lax.Precision.HIGHEST)
