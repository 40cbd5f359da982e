import functools
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from imaging_jax._counts import check_counts
from imaging_jax.operators import LinearOperator
from imaging_jax.solvers._problem import (
    as_function,
    as_problem,
    check_array,
    check_not_negative,
    check_positive,
    solve_each,
)
from imaging_jax.solvers._result import Result, iterate

# Iterations over which the step of Wirtinger flow grows.
_WARMUP = 330


def spectral_initialization(
    key: jax.Array,
    A: LinearOperator,
    y: Any,
    weights: Callable | None = None,
    *,
    iterations: int = 50,
) -> jax.Array:
    """Starts phase retrieval from the leading eigenvector of ``A^H diag(weights(y)) A``.

    It is scaled to the energy of the measurement. Of plain Fourier magnitudes that matrix is
    diagonal in frequency, and the start is a plane wave: `retrieve_phase` serves these.

    Args:
      key: of the power method's start, and of a probe of the operator's energy.
      A: with complex measurements, of rows of about one norm: Gaussian, or coded diffraction.
      y: magnitudes ``(..., *A.out_shape)``, real, not negative.
      weights: of the magnitudes of one measurement; `intensities` by default, `largest_sixth` is
        that of truncated amplitude flow.
      iterations: of the power method, positive.

    Returns:
      ``(..., *A.in_shape)``.

    Raises:
      ValueError: an argument out of its domain, or shapes that don't fit.

    Candès, Li, Soltanolkotabi, "Phase retrieval via Wirtinger flow", IEEE Trans. Information Theory
    61(4), 2015, algorithm 1.
    """
    y, x0 = _as_magnitudes(A, y, None)
    check_counts(iterations=iterations)
    weights = as_function("weights", intensities if weights is None else weights)
    return _spectral_initialization(key, A, y, x0, weights, iterations)


def intensities(y: jax.Array) -> jax.Array:
    """The weights of Wirtinger flow: ``y²``, those above nine times the mean left out."""
    return jnp.where(y**2 <= 9 * jnp.mean(y**2), y**2, 0)


def largest_sixth(y: jax.Array) -> jax.Array:
    """The weights of truncated amplitude flow: 1 for the largest sixth of the magnitudes."""
    kept = math.ceil(y.size / 6)
    return (y >= jax.lax.top_k(y.ravel(), kept)[0][-1]).astype(y.dtype)


def wirtinger_flow(
    A: LinearOperator,
    y: Any,
    x0: jax.Array,
    *,
    largest_step: float = 0.2,
    tolerance: float = 1e-6,
    max_iterations: int = 2500,
) -> Result:
    """Gradient descent of ``(|A x|² - y²)²``, in steps of ``min(1 - exp(-t / 330), largest_step)``.

    Args:
      A: as of `spectral_initialization`.
      y: likewise.
      x0: start ``(..., *A.in_shape)``, as that makes it.
      largest_step: in units of ``1 / |x0|²``; 0.2 to 0.4.
      tolerance: ends at ``| |A x| - y | <= tolerance |y|``.
      max_iterations: positive.

    Returns:
      A `Result` whose history is that relative residual; ``x`` is known but for a constant phase.

    Raises:
      ValueError: as `spectral_initialization`.

    Candès, Li, Soltanolkotabi, IEEE Trans. Information Theory 61(4), 2015, algorithm 2.
    """
    y, x0 = _as_magnitudes(A, y, x0)
    check_positive(largest_step=largest_step)
    check_counts(max_iterations=max_iterations)
    check_not_negative(tolerance=tolerance)
    return _wirtinger_flow(A, y, x0, largest_step, tolerance, max_iterations)


def truncated_amplitude_flow(
    A: LinearOperator,
    y: Any,
    x0: jax.Array,
    *,
    step: float = 1.0,
    gamma: float = 0.7,
    tolerance: float = 1e-6,
    max_iterations: int = 600,
) -> Result:
    """Descent of ``(|A x| - y)²`` by the measurements where ``|A x| >= y / (1 + gamma)``.

    Args:
      A: as of `spectral_initialization`.
      y: likewise.
      x0: start ``(..., *A.in_shape)``, as that makes it with `largest_sixth`.
      step: 1 between complex images, 0.6 between real ones.
      gamma: positive.
      tolerance: as of `wirtinger_flow`.
      max_iterations: positive.

    Returns:
      As `wirtinger_flow`.

    Raises:
      ValueError: as `spectral_initialization`.

    Wang, Giannakis, Eldar, "Solving systems of random quadratic equations via truncated amplitude
    flow", IEEE Trans. Information Theory 64(2), 2018.
    """
    y, x0 = _as_magnitudes(A, y, x0)
    check_positive(step=step, gamma=gamma)
    check_counts(max_iterations=max_iterations)
    check_not_negative(tolerance=tolerance)
    return _truncated_amplitude_flow(A, y, x0, step, gamma, tolerance, max_iterations)


def _as_magnitudes(A, y, x0):
    check_array("y", y, positive=False)
    y, x0 = as_problem(A, y, x0)
    return jnp.abs(y), x0


@functools.partial(jax.jit, static_argnames="iterations")
def _spectral_initialization(key, A, y, x0, weights, iterations):
    start_key, probe_key = jax.random.split(key)
    v = _normal(start_key, A)
    energy = _energy(A, probe_key)

    def solve(_, y):
        weight = weights(y)

        def power(_, v):
            v = A.H(weight * A(v))
            return v / jnp.linalg.norm(v)

        return jnp.linalg.norm(y) / jnp.sqrt(energy) * jax.lax.fori_loop(0, iterations, power, v)

    return solve_each(solve, A.in_shape, x0, y)


@functools.partial(jax.jit, static_argnames="max_iterations")
def _wirtinger_flow(A, y, x0, largest_step, tolerance, max_iterations):
    energy = _energy(A, jax.random.key(0))

    def solve(x0, y):
        unit = y.size / energy**2 / jnp.sum(jnp.abs(x0) ** 2)

        def direction(measured, k):
            size = jnp.minimum(1 - jnp.exp(-(k + 1) / _WARMUP), largest_step)
            return size * unit * (jnp.abs(measured) ** 2 - y**2) * measured

        return _descend(A, y, x0, direction, tolerance, max_iterations)

    return solve_each(solve, A.in_shape, x0, y)


@functools.partial(jax.jit, static_argnames="max_iterations")
def _truncated_amplitude_flow(A, y, x0, size, gamma, tolerance, max_iterations):
    energy = _energy(A, jax.random.key(0))

    def solve(x0, y):
        def direction(measured, _):
            modulus = jnp.abs(measured)
            trusted = (modulus >= y / (1 + gamma)) & (modulus > 0)
            excess = jnp.where(trusted, 1 - y / jnp.where(trusted, modulus, 1), 0)
            return size / energy * excess * measured

        return _descend(A, y, x0, direction, tolerance, max_iterations)

    return solve_each(solve, A.in_shape, x0, y)


def _descend(A, y, x0, direction, tolerance, max_iterations):
    """Repeats ``x - A^H direction(A x, k)``."""

    def step(state, k):
        x, measured = state
        x = (x - A.H(direction(measured, k))).astype(x.dtype)
        measured = A(x)
        return (x, measured), _residual(measured, y)

    measured = A(x0)
    start = _residual(measured, y)
    (x, _), *rest = iterate(step, (x0, measured), start, tolerance, max_iterations)
    return Result(x, *rest)


def _residual(measured, y):
    return jnp.linalg.norm(jnp.abs(measured) - y) / jnp.linalg.norm(y)


def _energy(A, key):
    """``|A|_F² / n``, by a random vector."""
    probe = _normal(key, A)
    return jnp.sum(jnp.abs(A(probe)) ** 2) / jnp.sum(jnp.abs(probe) ** 2)


def _normal(key, A):
    return jax.random.normal(key, A.in_shape, A.in_dtype)
