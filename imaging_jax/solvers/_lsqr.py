import functools
from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.sparse.linalg

from imaging_jax._counts import check_counts
from imaging_jax.operators import LinearOperator
from imaging_jax.solvers._problem import (
    as_problem,
    check_not_negative,
    solve_each,
)
from imaging_jax.solvers._result import Result, iterate
from imaging_jax.solvers._vectors import add, divide, norm


def lsqr(
    A: LinearOperator,
    y: Any,
    regularization: float | jax.Array = 0.0,
    x0: jax.Array | None = None,
    *,
    tolerance: float = 1e-6,
    max_iterations: int = 100,
) -> Result:
    """Minimises ``|A x - y|² + regularization |x - x0|²`` by Golub-Kahan bidiagonalisation.

    In exact arithmetic the iterates of `conjugate_gradient`; steadier where ``A`` is
    ill-conditioned. Stops where ``|A̅.H r̅| <= tolerance |A̅| |r̅|`` or ``|r̅| <= tolerance |y|``, with
    the residual and the Frobenius norm of ``A`` extended by the regularisation, as estimated by
    the recurrences.

    Args:
      A: a linear operator.
      y: measurements ``(..., *A.out_shape)``; leading axes are separate problems.
      regularization: a number, not negative; the square of the usual damping.
      x0: start ``(..., *A.in_shape)``, zeros by default.
      tolerance: relative, not negative.
      max_iterations: positive.

    Returns:
      A `Result` with the smaller of the two ratios, ``|A̅.H r̅| / (|A̅| |r̅|)`` and ``|r̅| / |y|``, as
      history.

    Raises:
      ValueError: as `conjugate_gradient`.

    Paige, Saunders, "LSQR: an algorithm for sparse linear equations and sparse least squares", ACM
    TOMS 1982.
    """
    y, x0 = as_problem(A, y, x0)
    check_not_negative(regularization=regularization, tolerance=tolerance)
    check_counts(max_iterations=max_iterations)
    return _lsqr(A, y, regularization, x0, tolerance, max_iterations)


@functools.partial(jax.jit, static_argnames="max_iterations")
def _lsqr(A, y, regularization, x0, tolerance, max_iterations):
    damping = jnp.sqrt(regularization)

    def solve(x0, y):
        size = norm(y)
        size = jnp.where(size > 0, size, 1)
        u, beta = _normalise(add(y, A(x0), -1.0))
        v, alpha = _normalise(A.H(u))
        damped = jnp.zeros_like(beta)

        def step(state, _):
            x, w, u, v, alpha, phi_bar, rho_bar, damped, frobenius = state
            frobenius = frobenius + alpha**2 + regularization
            u, beta = _normalise(add(A(v), u, -alpha))
            frobenius = frobenius + beta**2
            v, alpha = _normalise(add(A.H(u), v, -beta))
            # Two rotations: away with the damping, away with beta.
            rho_damped = jnp.hypot(rho_bar, damping)
            damped = jnp.hypot(damped, divide(damping, rho_damped) * phi_bar)
            phi_bar = divide(rho_bar, rho_damped) * phi_bar
            rho = jnp.hypot(rho_damped, beta)
            c, s = divide(rho_damped, rho), divide(beta, rho)
            theta, rho_bar = s * alpha, -c * alpha
            phi, phi_bar = c * phi_bar, s * phi_bar
            x = add(x, w, divide(phi, rho))
            w = add(v, w, -divide(theta, rho))
            residual = jnp.hypot(phi_bar, damped)
            normal_residual = alpha * jnp.abs(s * phi)
            ratio = divide(normal_residual, jnp.sqrt(frobenius) * residual)
            state = x, w, u, v, alpha, phi_bar, rho_bar, damped, frobenius
            return state, jnp.minimum(ratio, residual / size)

        state = (x0, v, u, v, alpha, beta, alpha, damped, jnp.zeros_like(beta))
        # Orthogonal to the range: the start is the solution.
        start = jnp.where(alpha * beta == 0, 0, alpha * beta + jnp.inf)
        (x, *_), *rest = iterate(step, state, start, tolerance, max_iterations)
        return Result(x, *rest)

    return solve_each(solve, A.in_shape, x0, y)


def _normalise(x):
    size = norm(x)
    return jax.tree.map(lambda leaf: divide(leaf, size.astype(leaf.dtype)), x), size
