import functools
import math

import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax._counts import check_counts
from imaging_jax._images import as_image
from imaging_jax.solvers._low_rank import godec, project_rank
from imaging_jax.solvers._problem import (
    check_not_negative,
    check_positive,
    solve_each,
)
from imaging_jax.solvers._proximal import threshold_singular_values
from imaging_jax.solvers._result import Result, iterate
from imaging_jax.solvers._total_variation import tv_proximal
from imaging_jax.transforms import soft_threshold

# Of LRTV, as its authors set them.
_FIRST_PENALTY = 1e-2
_PENALTY_GROWTH = 1.5
_LARGEST_PENALTY = 1e6
_TV_ITERATIONS = 20


def truncated_svd(y: jax.Array, rank: int) -> jax.Array:
    """Denoises hyperspectral images by the best low-rank matrix of all pixels by bands.

    Args:
      y: real images ``(..., H, W, B)``.
      rank: positive, at most ``min(H W, B)``.

    Returns:
      Images ``(..., H, W, B)``.

    Raises:
      ValueError: where ``y`` isn't a real floating-point image or ``rank`` is out of its range.

    Eckart, Young, "The approximation of one matrix by another of lower rank", Psychometrika 1936.
    """
    y = as_image("y", y, real=True)
    check_image_rank(y, rank)
    return _truncated_svd(y, rank)


@functools.partial(jax.jit, static_argnames="rank")
def _truncated_svd(y, rank):
    def solve(y):
        return project_rank(y.reshape(-1, y.shape[-1]), rank).reshape(y.shape)

    return solve_each(solve, y.shape[-3:], y)


def check_image_rank(y: jax.Array, rank: int) -> None:
    """ValueError unless matrices of pixels by bands can have this rank."""
    check_counts(rank=rank)
    largest = min(y.shape[-3] * y.shape[-2], y.shape[-1])
    if rank > largest:
        raise ValueError(f"rank: expected at most min(H W, B) = {largest}, got {rank}")


def lrmr(
    y: jax.Array,
    rank: int = 7,
    *,
    cardinality: int | None = None,
    threshold: float | jax.Array | None = None,
    patch_size: int = 20,
    stride: int = 8,
    tolerance: float = 1e-6,
    max_iterations: int = 60,
) -> jax.Array:
    """Denoises hyperspectral images by low-rank matrix recovery of overlapping blocks.

    Each block of all bands is a matrix of pixels by bands, split by `godec`; the low-rank parts are
    averaged where they overlap.

    Args:
      y: real images ``(..., H, W, B)``, bands in [0, 1].
      rank: of a block, positive, at most ``min(patch_size², B)``.
      cardinality: of `godec`, entries a block; the authors take 7000 of 20 x 20 x B.
      threshold: of `godec`; give one of the two.
      patch_size: sides of a block, positive.
      stride: of the blocks, positive; the last ones end at the border.
      tolerance: of `godec`.
      max_iterations: of `godec`.

    Returns:
      Images ``(..., H, W, B)``.

    Raises:
      ValueError: where ``y`` isn't a real floating-point image at least as large as a block, or as
        `godec`.

    Zhang, He, Zhang, Shen, Yuan, "Hyperspectral image restoration using low-rank matrix recovery",
    IEEE TGRS 2014.
    """
    y = as_image("y", y, real=True)
    check_counts(patch_size=patch_size, stride=stride)
    if min(y.shape[-3:-1]) < patch_size:
        raise ValueError(f"y: expected at least {patch_size} pixels a side, got {y.shape}")
    rows, columns = pixels_of_blocks(*y.shape[-3:-1], patch_size, stride)
    blocks = y[..., rows, columns, :]
    split = godec(
        blocks,
        rank,
        cardinality=cardinality,
        threshold=threshold,
        tolerance=tolerance,
        max_iterations=max_iterations,
    )
    total = jnp.zeros_like(y).at[..., rows, columns, :].add(split.x[0])
    counts = np.zeros(y.shape[-3:-1])
    np.add.at(counts, (rows, columns), 1)
    return total / jnp.asarray(counts[..., None], y.dtype)


def pixels_of_blocks(height, width, patch_size, stride):
    """Row and column of every pixel, each ``(blocks, patch_size²)``."""

    def starts(size):
        return sorted({*range(0, size - patch_size, stride), size - patch_size})

    top, left = np.meshgrid(starts(height), starts(width), indexing="ij")
    down, right = np.mgrid[:patch_size, :patch_size]
    return top.reshape(-1, 1) + down.ravel(), left.reshape(-1, 1) + right.ravel()


def lrtv(
    y: jax.Array,
    rank: int,
    tv_weight: float | jax.Array = 0.01,
    sparse_weight: float | jax.Array | None = None,
    *,
    tolerance: float = 1e-6,
    max_iterations: int = 40,
) -> Result:
    """Denoises hyperspectral images: low rank along bands, small total variation within them.

    ``min |L|_* + tv_weight sum of TV(X_b) + sparse_weight |E|_1`` with ``y = L + E``, ``X = L`` and
    rank at most ``rank``, by the augmented Lagrangian; the total variation is isotropic. Stops
    where ``max |X - L|`` and ``|y - L - E| / |y|`` are at most ``tolerance``.

    Args:
      y: real images ``(..., H, W, B)``, bands in [0, 1]; leading axes are separate problems.
      rank: positive, at most ``min(H W, B)``.
      tv_weight: not negative; 0.005 to 0.015 is recommended, more where noise is strong.
      sparse_weight: positive; by default ``10 / sqrt(H W)``.
      tolerance: not negative.
      max_iterations: positive.

    Returns:
      A `Result` with ``X``, and the larger of the two residuals as history.

    Raises:
      ValueError: where ``y`` isn't a real floating-point image or a number is out of its range.

    He, Zhang, Zhang, Shen, "Total-variation-regularized low-rank matrix factorization for
    hyperspectral image restoration", IEEE TGRS 2016.
    """
    y = as_image("y", y, real=True)
    check_image_rank(y, rank)
    check_counts(max_iterations=max_iterations)
    if sparse_weight is None:
        sparse_weight = 10 / math.sqrt(y.shape[-3] * y.shape[-2])
    check_not_negative(tv_weight=tv_weight, tolerance=tolerance)
    check_positive(sparse_weight=sparse_weight)
    return _lrtv(y, rank, tv_weight, sparse_weight, tolerance, max_iterations)


@functools.partial(jax.jit, static_argnames=("rank", "max_iterations"))
def _lrtv(y, rank, tv_weight, sparse_weight, tolerance, max_iterations):
    def solve(y):
        size = jnp.linalg.norm(y.ravel())
        size = jnp.where(size > 0, size, 1)

        def step(state, _):
            x, _, e, x_multiplier, y_multiplier, mu = state
            target = (x + (y - e) + (x_multiplier + y_multiplier) / mu) / 2
            matrix = target.reshape(-1, y.shape[-1])
            low_rank = threshold_singular_values(matrix, 1 / (2 * mu), rank)[0].reshape(y.shape)
            x = tv_proximal(low_rank - x_multiplier / mu, tv_weight / mu, iterations=_TV_ITERATIONS)
            e = soft_threshold(y - low_rank + y_multiplier / mu, sparse_weight / mu)
            split, residual = x - low_rank, y - low_rank - e
            measure = jnp.maximum(jnp.max(jnp.abs(split)), jnp.linalg.norm(residual.ravel()) / size)
            multipliers = x_multiplier + mu * split, y_multiplier + mu * residual
            mu = jnp.minimum(_PENALTY_GROWTH * mu, _LARGEST_PENALTY)
            return (x, low_rank, e, *multipliers, mu), measure

        zeros = jnp.zeros_like(y)
        # The authors start from uniform random numbers, this is their mean.
        grey = jnp.full_like(y, 0.5)
        state = (grey, grey, zeros, zeros, zeros, jnp.asarray(_FIRST_PENALTY, y.dtype))
        start = jnp.asarray(jnp.inf, y.dtype)
        (x, *_), *rest = iterate(step, state, start, tolerance, max_iterations)
        return Result(x, *rest)

    return solve_each(solve, y.shape[-3:], y)
