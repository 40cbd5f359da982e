import functools
from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.sparse.linalg

from imaging_jax._counts import check_counts
from imaging_jax.operators import LinearOperator
from imaging_jax.solvers._implicit import implicit_solution
from imaging_jax.solvers._problem import (
    as_problem,
    check_not_negative,
    check_positive,
    lipschitz_bound,
    solve_each,
)
from imaging_jax.solvers._result import Result, iterate
from imaging_jax.solvers._vectors import add, divide, inner, norm


def conjugate_gradient(
    A: LinearOperator,
    y: Any,
    regularization: float | jax.Array = 0.0,
    x0: jax.Array | None = None,
    *,
    tolerance: float = 1e-6,
    max_iterations: int = 100,
) -> Result:
    """Minimises ``|A x - y|² + regularization |x|²`` by conjugate gradients.

    The form of Hestenes and Stiefel for least squares (CGLS): the normal equations
    ``(A.H A + regularization) x = A.H y`` without squaring the condition of the residual. Stops
    where ``|A.H (y - A x) - regularization x| <= tolerance |A.H y|``.

    The solution is differentiable with respect to ``y``, ``regularization`` and the arrays of
    ``A``, by implicit differentiation: a second system is solved to the same tolerance.

    Args:
      A: a linear operator.
      y: measurements ``(..., *A.out_shape)``; leading axes are separate problems.
      regularization: a number, not negative.
      x0: start ``(..., *A.in_shape)``, zeros by default.
      tolerance: relative, not negative.
      max_iterations: positive.

    Returns:
      A `Result` with the relative residual of the normal equations as history.

    Raises:
      ValueError: where ``A`` isn't linear, ``y`` or ``x0`` doesn't fit it, or a number is out of
        its range.

    Björck, "Numerical methods for least squares problems", SIAM 1996, algorithm 7.4.1.
    """
    y, x0 = as_problem(A, y, x0)
    check_not_negative(regularization=regularization, tolerance=tolerance)
    check_counts(max_iterations=max_iterations)
    return _conjugate_gradient(A, y, regularization, x0, tolerance, max_iterations)


@functools.partial(jax.jit, static_argnames="max_iterations")
def _conjugate_gradient(A, y, regularization, x0, tolerance, max_iterations):
    def solve(x0, y):
        def normal_residual(x):
            return add(A.H(add(A(x), y, -1.0)), x, regularization)

        limits = tolerance, max_iterations

        def find_root(x0):
            return _cgls(A, A.H, y, regularization, x0, *limits)

        def solve_linear(normal, b):
            start, _ = jax.scipy.sparse.linalg.cg(normal, b, tol=tolerance, maxiter=max_iterations)
            # Of a singular system b may lie outside the range, where conjugate gradients fail; the
            # least-squares solution exists. It is there at once where they don't.
            start = jnp.where(jnp.all(jnp.isfinite(start)), start, 0)
            return _cgls(normal, normal, b, 0.0, start, *limits)[0]

        return implicit_solution(normal_residual, x0, find_root, solve_linear)

    return solve_each(solve, A.in_shape, x0, y)


def _cgls(apply, adjoint, y, regularization, x0, tolerance, max_iterations):
    scale = norm(adjoint(y))
    scale = jnp.where(scale > 0, scale, 1)
    r = add(y, apply(x0), -1.0)
    s = add(adjoint(r), x0, -regularization)
    gamma = inner(s, s)

    def step(state, _):
        x, r, p, gamma = state
        q = apply(p)
        alpha = divide(gamma, inner(q, q) + regularization * inner(p, p))
        x, r = add(x, p, alpha), add(r, q, -alpha)
        s = add(adjoint(r), x, -regularization)
        new_gamma = inner(s, s)
        p = add(s, p, divide(new_gamma, gamma))
        return (x, r, p, new_gamma), jnp.sqrt(new_gamma) / scale

    state = (x0, r, s, gamma)
    (x, *_), *rest = iterate(step, state, jnp.sqrt(gamma) / scale, tolerance, max_iterations)
    return x, *rest


def landweber(
    A: LinearOperator,
    y: Any,
    x0: jax.Array | None = None,
    *,
    step_size: float | jax.Array | None = None,
    tolerance: float = 1e-6,
    max_iterations: int = 100,
) -> Result:
    """Minimises ``|A x - y|²`` by gradient steps ``x + step_size A.H (y - A x)``.

    Stopped early it regularises: noise comes back with the iterations. Stops by itself where
    ``|A.H (y - A x)| <= tolerance |A.H y|``.

    Args:
      A: a linear operator.
      y: measurements ``(..., *A.out_shape)``; leading axes are separate problems.
      x0: start ``(..., *A.in_shape)``, zeros by default.
      step_size: in (0, 2 / ``|A|²``); by default close to 1 / ``|A|²``, by the power method.
      tolerance: relative, not negative.
      max_iterations: positive.

    Returns:
      A `Result` with the relative residual of the normal equations as history.

    Raises:
      ValueError: as `conjugate_gradient`, or where ``step_size`` isn't positive.

    Landweber, "An iteration formula for Fredholm integral equations of the first kind", 1951.
    """
    y, x0 = as_problem(A, y, x0)
    check_not_negative(tolerance=tolerance)
    check_counts(max_iterations=max_iterations)
    if step_size is not None:
        check_positive(step_size=step_size)
    return _landweber(A, y, x0, step_size, tolerance, max_iterations)


@functools.partial(jax.jit, static_argnames="max_iterations")
def _landweber(A, y, x0, step_size, tolerance, max_iterations):
    step_size = 1 / lipschitz_bound(A) if step_size is None else step_size

    def solve(x0, y):
        scale = norm(A.H(y))
        scale = jnp.where(scale > 0, scale, 1)

        def descent(x):
            return A.H(add(y, A(x), -1.0))

        def step(state, _):
            x, direction = state
            x = add(x, direction, step_size)
            direction = descent(x)
            return (x, direction), norm(direction) / scale

        direction = descent(x0)
        state = (x0, direction)
        (x, _), *rest = iterate(step, state, norm(direction) / scale, tolerance, max_iterations)
        return Result(x, *rest)

    return solve_each(solve, A.in_shape, x0, y)


def data_proximal(
    A: LinearOperator,
    y: Any,
    z: jax.Array,
    rho: float | jax.Array,
    *,
    tolerance: float = 1e-6,
    max_iterations: int = 100,
) -> jax.Array:
    """The proximal step of the data term, ``argmin_x |A x - y|² + rho |x - z|²``.

    Exact where the operator has the closed form ``A.proximal``; conjugate gradients from ``z``
    elsewhere. Differentiable in all arrays either way.

    Args:
      A: a linear operator.
      y: measurements ``(..., *A.out_shape)``.
      z: ``(..., *A.in_shape)``.
      rho: a positive number.
      tolerance: of the conjugate gradients, relative to the right-hand side.
      max_iterations: of the conjugate gradients.

    Returns:
      ``(..., *A.in_shape)``.

    Raises:
      ValueError: where ``A`` isn't linear, ``y`` or ``z`` doesn't fit it, or a number is out of its
        range.
    """
    y, z = as_problem(A, y, z)
    check_positive(rho=rho)
    check_not_negative(tolerance=tolerance)
    check_counts(max_iterations=max_iterations)
    return proximal_step(A, y, z, rho, tolerance, max_iterations)


def proximal_step(A, y, z, rho, tolerance, max_iterations):
    """`data_proximal` without the checks, for use inside solvers."""
    if A.proximal is not None:
        return A.proximal(y, z, rho)
    residual = add(y, A(z), -1.0)
    start = jnp.zeros_like(z)
    return z + _conjugate_gradient(A, residual, rho, start, tolerance, max_iterations).x


def tikhonov(
    A: LinearOperator,
    y: Any,
    regularization: float | jax.Array,
    *,
    tolerance: float = 1e-6,
    max_iterations: int = 100,
) -> jax.Array:
    """``argmin_x |A x - y|² + regularization |x|²``.

    Exact where the operator has the closed form ``A.proximal``, as a circular blur; conjugate
    gradients elsewhere. Differentiable in all arrays either way. `wiener` penalises differences
    instead.

    Args:
      A: a linear operator.
      y: measurements ``(..., *A.out_shape)``.
      regularization: a positive number.
      tolerance: of the conjugate gradients.
      max_iterations: of the conjugate gradients.

    Returns:
      ``(..., *A.in_shape)``.

    Raises:
      ValueError: as `data_proximal`.
    """
    check_positive(regularization=regularization)
    y, zeros = as_problem(A, y, None)
    limits = {"tolerance": tolerance, "max_iterations": max_iterations}
    return data_proximal(A, y, zeros, regularization, **limits)
