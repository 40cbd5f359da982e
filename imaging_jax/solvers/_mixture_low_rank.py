import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct
from jax.scipy.special import digamma

from imaging_jax._counts import check_counts
from imaging_jax._images import as_image
from imaging_jax.solvers._hyperspectral import check_image_rank
from imaging_jax.solvers._problem import check_not_negative, solve_each
from imaging_jax.solvers._result import Result, iterate
from imaging_jax.solvers._vectors import relative_change

# As the authors set them: priors of weights, of precisions and of their shared rate, of columns.
_ALPHA = _C = _ETA = _LAMBDA = 1e-3
_A = _B = 1e-6
_FIRST_RANK = 30
_PRUNED_AN_ITERATION = 7
# How the singular values are shared between pixels and bands at the start.
_SHARE = 0.6
_HIGHEST = jax.lax.Precision.HIGHEST


class _Factor(struct.PyTreeNode):
    """Gaussian posteriors of the rows of a factor: means (M, R) and covariances (M, R, R)."""

    mean: jax.Array
    covariance: jax.Array

    def second_moments(self) -> jax.Array:
        return self.covariance + self.mean[:, :, None] * self.mean[:, None, :]

    def keep(self, columns) -> "_Factor":
        covariance = self.covariance[:, columns][:, :, columns]
        return _Factor(self.mean[:, columns], covariance)


class _Noise(struct.PyTreeNode):
    """What the next step asks of the noise: precision of every entry, and the rate's mean."""

    precision: jax.Array
    rate: jax.Array
    weights: jax.Array
    shape: jax.Array
    inverse_scale: jax.Array


def nmog(
    y: jax.Array,
    rank: int = 5,
    *,
    components: int = 3,
    tolerance: float = 1e-4,
    max_iterations: int = 30,
) -> Result:
    """Denoises hyperspectral images of low rank whose noise is another mixture in every band.

    The matrix of pixels by bands is ``U V.T + E``; the noise of each band is a mixture of Gaussians
    with mean 0, whose precisions share a rate over all bands; columns of ``U`` and ``V`` have a
    common precision. Variational Bayes, from the singular value decomposition of rank 30 and a
    mixture around its remainder of rank ``rank``; up to seven of the weakest columns are left out
    an iteration until ``rank`` stay. Stops where the relative change of ``U V.T`` is at most
    ``tolerance``.

    Args:
      y: real images ``(..., H, W, B)``, bands in [0, 1], to which the priors fit; leading axes are
        separate problems.
      rank: positive, at most ``min(H W, B)``.
      components: Gaussians a band, positive.
      tolerance: relative, not negative.
      max_iterations: positive, at least those that leave columns out, four for a rank of 5.

    Returns:
      A `Result` with the means of ``U V.T`` as images, and the relative change as history.

    Raises:
      ValueError: where ``y`` isn't a real floating-point image or a number is out of its range.

    Chen, Cao, Zhao, Meng, Xu, "Denoising hyperspectral image with non-i.i.d. noise structure", IEEE
    Trans. Cybernetics 2018.
    """
    y = as_image("y", y, real=True)
    check_image_rank(y, rank)
    check_counts(components=components, max_iterations=max_iterations)
    check_not_negative(tolerance=tolerance)
    ranks = _ranks(min(*_matrix_shape(y), max(_FIRST_RANK, rank)), rank)
    if max_iterations < len(ranks) - 1:
        raise ValueError(
            f"max_iterations: expected at least {len(ranks) - 1}, after which {rank} columns are "
            f"left, got {max_iterations}"
        )
    return _nmog(y, ranks, components, tolerance, max_iterations)


def _matrix_shape(y):
    return math.prod(y.shape[-3:-1]), y.shape[-1]


def _ranks(first: int, last: int) -> tuple[int, ...]:
    """How many columns there are before and after every iteration that leaves some out."""
    ranks = [first]
    while ranks[-1] > last:
        ranks.append(max(last, ranks[-1] - _PRUNED_AN_ITERATION))
    return tuple(ranks)


@functools.partial(jax.jit, static_argnames=("ranks", "components", "max_iterations"))
def _nmog(y, ranks, components, tolerance, max_iterations):
    def solve(y):
        matrix = y.reshape(_matrix_shape(y))
        u, v, noise = _start(matrix, ranks[0], ranks[-1], components)
        strengths = jnp.ones(ranks[0], y.dtype)
        x, changes = _product(u, v), []
        for kept in ranks[1:]:
            u, v, strengths = _update_factors(matrix, u, v, strengths, noise.precision)
            columns = jnp.sort(jnp.argsort(strengths)[:kept])
            u, v, strengths = u.keep(columns), v.keep(columns), strengths[columns]
            noise = _update_noise(matrix, u, v, noise)
            x, previous = _product(u, v), x
            changes.append(relative_change(x, previous))

        def step(state, _):
            u, v, strengths, noise, previous = state
            u, v, strengths = _update_factors(matrix, u, v, strengths, noise.precision)
            noise = _update_noise(matrix, u, v, noise)
            x = _product(u, v)
            return (u, v, strengths, noise, x), relative_change(x, previous)

        left = max_iterations - len(changes)
        state = (u, v, strengths, noise, x)
        start = jnp.asarray(jnp.inf, y.dtype)
        state, count, converged, history = iterate(step, state, start, tolerance, left)
        return Result(
            state[-1].reshape(y.shape),
            count + len(changes),
            converged,
            jnp.concatenate([jnp.stack(changes), history]) if changes else history,
        )

    return solve_each(solve, y.shape[-3:], y)


def _start(matrix, first, last, components):
    """Singular vectors, and mixtures around what the final rank leaves."""
    left, values, right = jnp.linalg.svd(matrix, full_matrices=False)
    u = left[:, :first] * values[:first] ** _SHARE
    v = right[:first].T * values[:first] ** (1 - _SHARE)
    zeros = [jnp.zeros((m.shape[0], first, first), m.dtype) for m in (u, v)]
    remainder = matrix - _dot(left[:, :last] * values[:last], right[:last])
    squares = remainder**2
    variance = jnp.mean(squares, axis=0)
    smallest = jnp.finfo(matrix.dtype).eps * (1 + jnp.mean(variance))
    # Narrower and wider than the remainder by powers of ten, the same share of each.
    widths = 10.0 ** (np.arange(components) - (components - 1) / 2)
    scales = jnp.maximum(variance, smallest)[:, None] * jnp.asarray(widths, matrix.dtype)
    ones = jnp.ones_like(scales)
    noise = _Noise(
        precision=jnp.zeros_like(matrix),
        rate=jnp.asarray(_ETA / _LAMBDA, matrix.dtype),
        weights=ones,
        shape=ones,
        inverse_scale=scales,
    )
    return _Factor(u, zeros[0]), _Factor(v, zeros[1]), _mixture(squares, noise)


def _update_factors(matrix, u, v, strengths, precision):
    weighted = precision * matrix
    u = _posterior(precision, weighted, v, strengths)
    v = _posterior(precision.T, weighted.T, u, strengths)
    energy = sum(
        jnp.sum(f.mean**2, axis=0) + jnp.sum(jnp.diagonal(f.covariance, 0, 1, 2), axis=0)
        for f in (u, v)
    )
    strengths = (_A + sum(matrix.shape) / 2) / (_B + energy / 2)
    return u, v, strengths


def _posterior(precision, weighted, other, strengths):
    """The rows of a factor given the other one."""
    rank = strengths.size
    moments = other.second_moments().reshape(-1, rank**2)
    inverse = _dot(precision, moments).reshape(-1, rank, rank) + jnp.diag(strengths)
    covariance = jnp.linalg.inv(inverse)
    covariance = (covariance + jnp.swapaxes(covariance, 1, 2)) / 2
    mean = jnp.einsum("mij,mj->mi", covariance, _dot(weighted, other.mean), precision=_HIGHEST)
    return _Factor(mean, covariance)


def _update_noise(matrix, u, v, noise):
    return _mixture(_expected_squares(matrix, u, v), noise)


def _expected_squares(matrix, u, v):
    """Of ``matrix - U V.T``; all terms are positive, so that no digits cancel."""

    def flat(x):
        return x.reshape(x.shape[0], -1)

    outer = flat(u.mean[:, :, None] * u.mean[:, None, :])
    spread = _dot(flat(u.covariance), flat(v.second_moments()).T)
    spread += _dot(outer, flat(v.covariance).T)
    return (matrix - _product(u, v)) ** 2 + jnp.maximum(spread, 0)


def _mixture(squares, noise):
    """Responsibilities given the mixtures, then the mixtures and the rate given those."""
    expected = noise.shape / noise.inverse_scale
    logarithm = digamma(noise.shape) - jnp.log(noise.inverse_scale)
    share = digamma(noise.weights) - digamma(jnp.sum(noise.weights, axis=-1, keepdims=True))
    scores = share + logarithm / 2 - expected / 2 * squares[..., None]
    responsibilities = jax.nn.softmax(scores, axis=-1)
    counts = jnp.sum(responsibilities, axis=0)
    shape = _C + counts / 2
    inverse_scale = noise.rate + jnp.sum(responsibilities * squares[..., None], axis=0) / 2
    precision = shape / inverse_scale
    rate = (_ETA + counts.size * _C) / (_LAMBDA + jnp.sum(precision))
    return _Noise(
        precision=jnp.sum(responsibilities * precision, axis=-1),
        rate=rate,
        weights=_ALPHA + counts,
        shape=shape,
        inverse_scale=inverse_scale,
    )


def _product(u, v):
    return _dot(u.mean, v.mean.T)


def _dot(x, y):
    return jnp.matmul(x, y, precision=_HIGHEST)
