import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax._counts import check_counts
from imaging_jax.operators import LinearOperator, vstack
from imaging_jax.solvers._least_squares import conjugate_gradient, proximal_step
from imaging_jax.solvers._problem import (
    as_function,
    as_problem,
    check_array,
    check_not_negative,
    check_operator,
    check_positive,
    solve_each,
)
from imaging_jax.solvers._result import Result, iterate
from imaging_jax.solvers._vectors import add, divide, norm, relative_change


def admm(
    A: LinearOperator,
    y: Any,
    proximal: Callable,
    weight: float | jax.Array = 1.0,
    K: LinearOperator | None = None,
    x0: jax.Array | None = None,
    *,
    rho: float | jax.Array = 1.0,
    tolerance: float = 1e-4,
    max_iterations: int = 200,
    inner_tolerance: float = 1e-6,
    inner_iterations: int = 50,
) -> Result:
    """Minimises ``1/2 |A x - y|² + weight g(K x)`` by the alternating direction method.

    Splits ``z = K x``. Stops where the primal residual ``|K x - z|`` and the dual residual
    ``rho |K.H (z⁺ - z)|`` are at most ``tolerance`` times ``max(|K x|, |z|)`` and ``rho |K.H u|``.

    Args:
      A: a linear operator.
      y: measurements ``(..., *A.out_shape)``; leading axes are separate problems.
      proximal: the proximal map of ``g``, ``(z, step) -> argmin_v step g(v) + 1/2 |v - z|²``, for
        ``z`` of one problem, a tuple where the output of ``K`` is one.
      weight: a number, not negative.
      K: a linear operator of the same input, the identity by default.
      x0: start ``(..., *A.in_shape)``, zeros by default.
      rho: of the augmented Lagrangian, positive.
      tolerance: relative, not negative.
      max_iterations: positive.
      inner_tolerance: of the conjugate gradients that solve for ``x`` where there is a ``K`` or
        ``A`` has no closed form ``A.proximal``; not negative.
      inner_iterations: of these, positive.

    Returns:
      A `Result` with the larger of the two relative residuals as history; ``x`` is the last ``x``,
      or the last ``z`` where there is no ``K``.

    Raises:
      ValueError: where an operator isn't linear, ``y``, ``x0`` or ``K`` doesn't fit ``A``,
        ``proximal`` isn't a function or a number is out of its range.

    Boyd, Parikh, Chu, Peleato, Eckstein, "Distributed optimization and statistical learning via the
    alternating direction method of multipliers", 2011, section 3.1.1 and 3.3.
    """
    y, x0 = as_problem(A, y, x0)
    if K is not None:
        check_operator("K", K)
        if (K.in_shape, np.dtype(K.in_dtype)) != (A.in_shape, np.dtype(A.in_dtype)):
            raise ValueError(
                f"K: expected the input of A, {np.dtype(A.in_dtype)} {A.in_shape}, "
                f"got {np.dtype(K.in_dtype)} {K.in_shape}"
            )
    proximal = as_function("proximal", proximal)
    check_not_negative(weight=weight, tolerance=tolerance, inner_tolerance=inner_tolerance)
    check_positive(rho=rho)
    check_counts(max_iterations=max_iterations, inner_iterations=inner_iterations)
    limits = tolerance, max_iterations, inner_tolerance, inner_iterations
    return _admm(A, y, proximal, weight, K, x0, rho, *limits)


@functools.partial(jax.jit, static_argnames=("max_iterations", "inner_iterations"))
def _admm(
    A,
    y,
    proximal,
    weight,
    K,
    x0,
    rho,
    tolerance,
    max_iterations,
    inner_tolerance,
    inner_iterations,
):
    inner_limits = inner_tolerance, inner_iterations

    def split(x):
        return x if K is None else K(x)

    def split_adjoint(z):
        return z if K is None else K.H(z)

    def minimise_quadratic(y, z, x):
        if K is None:
            return proximal_step(A, y, z, rho, *inner_limits)
        root = jnp.sqrt(rho)
        stack = vstack([A, root.astype(K.in_dtype) * K])
        target = (y, jax.tree.map(lambda z: root * z, z))
        names = ("tolerance", "max_iterations")
        limits = dict(zip(names, inner_limits, strict=True))
        return conjugate_gradient(stack, target, 0.0, x, **limits).x

    def solve(x0, y):
        def step(state, _):
            x, z, u = state
            x = minimise_quadratic(y, add(z, u, -1.0), x)
            image = split(x)
            new_z = proximal(add(image, u), weight / rho)
            r = add(image, new_z, -1.0)
            u = add(u, r)
            primal = divide(norm(r), jnp.maximum(norm(image), norm(new_z)))
            change = norm(split_adjoint(add(new_z, z, -1.0)))
            size = norm(split_adjoint(u))
            # A multiplier of 0: the data alone decide, and the change is measured by itself.
            dual = change / jnp.where(size > 0, size, 1)
            return (x, new_z, u), jnp.maximum(primal, dual)

        z = split(x0)
        u = jax.tree.map(jnp.zeros_like, z)
        start = jnp.asarray(jnp.inf, x0.real.dtype)
        (x, z, _), *rest = iterate(step, (x0, z, u), start, tolerance, max_iterations)
        return Result(z if K is None else x, *rest)

    return solve_each(solve, A.in_shape, x0, y)


def half_quadratic_splitting(
    A: LinearOperator,
    y: Any,
    proximal: Callable,
    weight: float | jax.Array,
    rhos: jax.Array,
    x0: jax.Array | None = None,
    *,
    tolerance: float = 1e-4,
    inner_tolerance: float = 1e-6,
    inner_iterations: int = 50,
) -> Result:
    """Minimises ``1/2 |A x - y|² + rho/2 |x - z|² + weight g(z)`` in turns while ``rho`` grows.

    As ``rho`` grows, ``z`` approaches the minimiser of ``1/2 |A x - y|² + weight g(x)``.

    Args:
      A: a linear operator.
      y: measurements ``(..., *A.out_shape)``; leading axes are separate problems.
      proximal: the proximal map of ``g``, ``(x, step) -> argmin_u step g(u) + 1/2 |u - x|²``, for
        ``x`` of one problem.
      weight: a number, not negative.
      rhos: ``(iterations,)``, positive, growing; ``jnp.geomspace`` makes them.
      x0: start ``(..., *A.in_shape)``, zeros by default.
      tolerance: ``converged`` where the last relative change of ``z`` is at most this; all
        iterations are done.
      inner_tolerance: of the conjugate gradients where ``A`` has no closed form ``A.proximal``.
      inner_iterations: of these, positive.

    Returns:
      A `Result` with ``z``, and its relative change as history.

    Raises:
      ValueError: where ``A`` isn't linear, ``y`` or ``x0`` doesn't fit it, ``proximal`` isn't a
        function, ``rhos`` isn't a vector or a number is out of its range.

    Geman, Yang, "Nonlinear image recovery with half-quadratic regularization", IEEE Trans. Image
    Processing 1995.
    """
    y, x0 = as_problem(A, y, x0)
    proximal = as_function("proximal", proximal)
    if np.ndim(rhos) != 1 or np.size(rhos) == 0:
        raise ValueError(f"rhos: expected a vector, got shape {np.shape(rhos)}")
    check_array("rhos", rhos, positive=True)
    check_not_negative(weight=weight, tolerance=tolerance, inner_tolerance=inner_tolerance)
    check_counts(inner_iterations=inner_iterations)
    rhos = jnp.asarray(rhos, x0.real.dtype)
    limits = tolerance, inner_tolerance, inner_iterations
    return _half_quadratic_splitting(A, y, proximal, weight, rhos, x0, *limits)


@functools.partial(jax.jit, static_argnames="inner_iterations")
def _half_quadratic_splitting(
    A, y, proximal, weight, rhos, x0, tolerance, inner_tolerance, inner_iterations
):
    def solve(x0, y):
        def step(z, rho):
            x = proximal_step(A, y, z, rho, inner_tolerance, inner_iterations)
            new_z = proximal(x, weight / rho).astype(z.dtype)
            return new_z, relative_change(new_z, z)

        z, history = jax.lax.scan(step, x0, rhos)
        return Result(z, jnp.int32(len(rhos)), history[-1] <= tolerance, history)

    return solve_each(solve, A.in_shape, x0, y)
