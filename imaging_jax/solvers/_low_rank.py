import functools
import math

import jax
import jax.numpy as jnp

from imaging_jax._counts import check_counts
from imaging_jax.solvers._problem import (
    check_not_negative,
    check_positive,
    solve_each,
)
from imaging_jax.solvers._proximal import as_matrix, threshold_singular_values
from imaging_jax.solvers._result import Result, iterate
from imaging_jax.solvers._vectors import relative_change
from imaging_jax.transforms import soft_threshold

# Of the penalty, a step; and the most it grows.
_PENALTY_GROWTH = 1.5
_LARGEST_GROWTH = 1e7


def robust_pca(
    d: jax.Array,
    weight: float | jax.Array | None = None,
    *,
    tolerance: float = 1e-7,
    max_iterations: int = 100,
) -> Result:
    """Splits matrices into low-rank and sparse, ``min |L|_* + weight |S|_1``, ``d = L + S``.

    By the inexact augmented Lagrangian. Stops where ``|d - L - S| <= tolerance |d|``.

    Args:
      d: real matrices ``(..., M, N)``; leading axes are separate problems.
      weight: a positive number, by default ``1 / sqrt(max(M, N))``.
      tolerance: relative, not negative.
      max_iterations: positive.

    Returns:
      A `Result` with the pair ``(L, S)`` as ``x``, and the relative residual as history.

    Raises:
      ValueError: where ``d`` isn't a real floating-point matrix or a number is out of its range.

    Candès, Li, Ma, Wright, "Robust principal component analysis?", J. ACM 2011; Lin, Chen, Ma, "The
    augmented Lagrange multiplier method for exact recovery of corrupted low-rank matrices", 2010,
    algorithm 5.
    """
    d = _as_real_matrix(d)
    if weight is None:
        weight = 1 / math.sqrt(max(d.shape[-2:]))
    check_positive(weight=weight)
    check_not_negative(tolerance=tolerance)
    check_counts(max_iterations=max_iterations)
    return _robust_pca(d, weight, tolerance, max_iterations)


@functools.partial(jax.jit, static_argnames="max_iterations")
def _robust_pca(d, weight, tolerance, max_iterations):
    def solve(d):
        spectral = jnp.linalg.norm(d, 2)
        size = jnp.linalg.norm(d)
        scale = jnp.maximum(spectral, jnp.max(jnp.abs(d)) / weight)
        first_penalty = 1.25 / jnp.where(spectral > 0, spectral, 1)

        def step(state, _):
            _, sparse, multiplier, penalty = state
            low_rank, _ = threshold_singular_values(d - sparse + multiplier / penalty, 1 / penalty)
            sparse = soft_threshold(d - low_rank + multiplier / penalty, weight / penalty)
            residual = d - low_rank - sparse
            multiplier = multiplier + penalty * residual
            measure = jnp.linalg.norm(residual) / jnp.where(size > 0, size, 1)
            penalty = jnp.minimum(_PENALTY_GROWTH * penalty, _LARGEST_GROWTH * first_penalty)
            return (low_rank, sparse, multiplier, penalty), measure

        zeros = jnp.zeros_like(d)
        state = (zeros, zeros, d / jnp.where(scale > 0, scale, 1), first_penalty)
        start = jnp.asarray(jnp.inf, d.dtype)
        (low_rank, sparse, *_), *rest = iterate(step, state, start, tolerance, max_iterations)
        return Result((low_rank, sparse), *rest)

    return solve_each(solve, d.shape[-2:], d)


def godec(
    d: jax.Array,
    rank: int,
    *,
    cardinality: int | None = None,
    threshold: float | jax.Array | None = None,
    tolerance: float = 1e-6,
    max_iterations: int = 100,
) -> Result:
    """Splits matrices into low-rank, sparse and noise, in turns.

    ``L`` is the best approximation of ``d - S`` of a rank; ``S`` holds the ``cardinality`` largest
    entries of ``d - L``, or ``d - L`` soft-thresholded. Stops where the relative change of ``L`` is
    at most ``tolerance``.

    Args:
      d: real matrices ``(..., M, N)``; leading axes are separate problems.
      rank: positive, at most ``min(M, N)``.
      cardinality: how many entries of ``S`` may differ from 0; or
      threshold: a number, not negative, the semi-soft variant. Give one of the two.
      tolerance: relative, not negative.
      max_iterations: positive.

    Returns:
      A `Result` with the pair ``(L, S)`` as ``x``, and the relative change of ``L`` as history.

    Raises:
      ValueError: where ``d`` isn't a real floating-point matrix, both or neither of the two are
        given, or a number is out of its range.

    Zhou, Tao, "GoDec: randomized low-rank & sparse matrix decomposition in noisy case", ICML 2011,
    with the exact projection in place of the randomised one.
    """
    d = _as_real_matrix(d)
    check_counts(rank=rank, max_iterations=max_iterations)
    if rank > min(d.shape[-2:]):
        raise ValueError(f"rank: expected at most min(M, N) = {min(d.shape[-2:])}, got {rank}")
    if (cardinality is None) == (threshold is None):
        raise ValueError(
            f"cardinality, threshold: expected one of them, got {cardinality} and {threshold}"
        )
    if cardinality is not None and not 0 < cardinality <= math.prod(d.shape[-2:]):
        raise ValueError(f"cardinality: expected 1 to M N entries of {d.shape}, got {cardinality}")
    if threshold is not None:
        check_not_negative(threshold=threshold)
    check_not_negative(tolerance=tolerance)
    return _godec(d, rank, cardinality, threshold, tolerance, max_iterations)


@functools.partial(jax.jit, static_argnames=("rank", "cardinality", "max_iterations"))
def _godec(d, rank, cardinality, threshold, tolerance, max_iterations):
    def sparse_part(x):
        if cardinality is None:
            return soft_threshold(x, threshold)
        magnitudes = jnp.abs(x)
        smallest = jax.lax.top_k(magnitudes.ravel(), cardinality)[0][-1]
        return jnp.where(magnitudes >= smallest, x, 0)

    def solve(d):
        def step(state, _):
            low_rank, sparse = state
            new_low_rank = project_rank(d - sparse, rank)
            new_state = (new_low_rank, sparse_part(d - new_low_rank))
            return new_state, relative_change(new_low_rank, low_rank)

        state = (d, jnp.zeros_like(d))
        start = jnp.asarray(jnp.inf, d.dtype)
        return Result(*iterate(step, state, start, tolerance, max_iterations))

    return solve_each(solve, d.shape[-2:], d)


def project_rank(x, rank):
    """The closest matrix of a rank, by the eigenvectors of the smaller Gram matrix."""
    if x.shape[0] < x.shape[1]:
        return project_rank(x.T, rank).T
    highest = jax.lax.Precision.HIGHEST
    _, vectors = jnp.linalg.eigh(jnp.matmul(x.T, x, precision=highest))
    leading = vectors[:, -rank:]
    return jnp.matmul(jnp.matmul(x, leading, precision=highest), leading.T, precision=highest)


def _as_real_matrix(d):
    d = as_matrix("d", d)
    if jnp.iscomplexobj(d):
        raise ValueError(f"d: expected real values, got dtype {d.dtype}")
    return d
