import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.sparse.linalg

from imaging_jax._counts import check_counts
from imaging_jax.operators import LinearOperator
from imaging_jax.solvers._implicit import implicit_solution
from imaging_jax.solvers._problem import (
    as_function,
    as_problem,
    check_not_negative,
    check_positive,
    lipschitz_bound,
    solve_each,
)
from imaging_jax.solvers._result import Result, iterate
from imaging_jax.solvers._vectors import add, inner, relative_change


def ista(
    A: LinearOperator,
    y: Any,
    proximal: Callable,
    weight: float | jax.Array = 1.0,
    x0: jax.Array | None = None,
    *,
    step_size: float | jax.Array | None = None,
    tolerance: float = 1e-5,
    max_iterations: int = 200,
) -> Result:
    """Minimises ``1/2 |A x - y|² + weight g(x)`` by proximal gradient steps.

    `fista` without momentum: slower, monotone.

    Args:
      A: as of `fista`.
      y: as of `fista`.
      proximal: as of `fista`.
      weight: as of `fista`.
      x0: as of `fista`.
      step_size: as of `fista`.
      tolerance: as of `fista`.
      max_iterations: as of `fista`.

    Returns:
      As `fista`, differentiable likewise.

    Raises:
      ValueError: as `fista`.

    Daubechies, Defrise, De Mol, "An iterative thresholding algorithm for linear inverse problems
    with a sparsity constraint", Comm. Pure Appl. Math. 2004.
    """
    limits = {"tolerance": tolerance, "max_iterations": max_iterations}
    return _regularised(A, y, proximal, weight, x0, step_size, **limits, accelerate=False)


def fista(
    A: LinearOperator,
    y: Any,
    proximal: Callable,
    weight: float | jax.Array = 1.0,
    x0: jax.Array | None = None,
    *,
    step_size: float | jax.Array | None = None,
    tolerance: float = 1e-5,
    max_iterations: int = 200,
) -> Result:
    """Minimises ``1/2 |A x - y|² + weight g(x)`` by accelerated proximal gradient steps.

    Momentum starts again where it points uphill. Stops where ``|x⁺ - z| <= tolerance |x⁺|``, with
    ``z`` the point that the step was taken from.

    The solution is differentiable with respect to ``y``, ``weight``, the arrays of ``A`` and those
    of a `jax.tree_util.Partial` given as ``proximal``, by implicit differentiation of the fixed
    point; as exact as the solution is, so converge well.

    Args:
      A: a linear operator.
      y: measurements ``(..., *A.out_shape)``; leading axes are separate problems.
      proximal: the proximal map of ``g``, ``(x, step) -> argmin_u step g(u) + 1/2 |u - x|²``, for
        ``x`` of one problem: `soft_threshold`, `tv_proximal`, `project_box` ...
      weight: a number, not negative.
      x0: start ``(..., *A.in_shape)``, zeros by default.
      step_size: in (0, 1 / ``|A|²``]; by default close to its upper end, by the power method.
      tolerance: relative, not negative.
      max_iterations: positive.

    Returns:
      A `Result` with ``|x⁺ - z| / |x⁺|`` as history.

    Raises:
      ValueError: where ``A`` isn't linear, ``y`` or ``x0`` doesn't fit it, ``proximal`` isn't a
        function or a number is out of its range.

    Beck, Teboulle, "A fast iterative shrinkage-thresholding algorithm for linear inverse problems",
    SIAM J. Imaging Sciences 2009; restart by O'Donoghue, Candès, "Adaptive restart for accelerated
    gradient schemes", 2015.
    """
    limits = {"tolerance": tolerance, "max_iterations": max_iterations}
    return _regularised(A, y, proximal, weight, x0, step_size, **limits, accelerate=True)


def _regularised(A, y, proximal, weight, x0, step_size, tolerance, max_iterations, accelerate):
    y, x0 = as_problem(A, y, x0)
    proximal = as_function("proximal", proximal)
    check_not_negative(weight=weight, tolerance=tolerance)
    check_counts(max_iterations=max_iterations)
    if step_size is not None:
        check_positive(step_size=step_size)
    return _solve_regularised(
        A, y, proximal, weight, x0, step_size, tolerance, max_iterations, accelerate
    )


@functools.partial(jax.jit, static_argnames=("max_iterations", "accelerate"))
def _solve_regularised(
    A, y, proximal, weight, x0, step_size, tolerance, max_iterations, accelerate
):
    step_size = 1 / lipschitz_bound(A) if step_size is None else step_size

    def solve(x0, y):
        def forward_backward_step(x):
            x = add(x, A.H(add(A(x), y, -1.0)), -step_size)
            return proximal(x, step_size * weight)

        def fixed_point_residual(x):
            return x - forward_backward_step(x)

        def find_root(x0):
            limits = tolerance, max_iterations
            return _proximal_gradient(forward_backward_step, x0, *limits, accelerate)

        return implicit_solution(fixed_point_residual, x0, find_root, _solve_linear)

    return solve_each(solve, A.in_shape, x0, y)


def _solve_linear(linear, b):
    # Not symmetric, and singular at most where the solution isn't unique.
    digits = jnp.finfo(b.dtype).eps ** 0.75
    solution, _ = jax.scipy.sparse.linalg.gmres(
        linear, b, tol=digits, atol=0.0, restart=30, maxiter=20, solve_method="batched"
    )
    return solution


def forward_backward(
    gradient: Callable,
    proximal: Callable,
    x0: jax.Array,
    step_size: float | jax.Array,
    *,
    accelerate: bool = True,
    tolerance: float = 1e-5,
    max_iterations: int = 200,
) -> Result:
    """Minimises ``f(x) + g(x)`` from the gradient of ``f`` and the proximal map of ``g``.

    For one problem; map it over several with `jax.vmap`. Stops as `fista`.

    Args:
      gradient: ``x -> ∇f(x)``, Lipschitz with constant L.
      proximal: ``(x, step) -> argmin_u step g(u) + 1/2 |u - x|²``.
      x0: start, any shape.
      step_size: in (0, 1/L], without acceleration (0, 2/L).
      accelerate: with momentum and restart, as `fista`; else as `ista`.
      tolerance: relative, not negative.
      max_iterations: positive.

    Returns:
      A `Result` with ``|x⁺ - z| / |x⁺|`` as history.

    Raises:
      ValueError: where ``gradient`` or ``proximal`` isn't a function or a number is out of its
        range.

    Combettes, Wajs, "Signal recovery by proximal forward-backward splitting", Multiscale Modeling &
    Simulation 2005.
    """
    gradient, proximal = as_function("gradient", gradient), as_function("proximal", proximal)
    check_positive(step_size=step_size)
    check_not_negative(tolerance=tolerance)
    check_counts(max_iterations=max_iterations)
    limits = tolerance, max_iterations
    return _forward_backward(gradient, proximal, jnp.asarray(x0), step_size, *limits, accelerate)


@functools.partial(jax.jit, static_argnames=("max_iterations", "accelerate"))
def _forward_backward(gradient, proximal, x0, step_size, tolerance, max_iterations, accelerate):
    def forward_backward_step(x):
        return proximal(add(x, gradient(x), -step_size), step_size)

    limits = tolerance, max_iterations
    return Result(*_proximal_gradient(forward_backward_step, x0, *limits, accelerate))


def _proximal_gradient(forward_backward_step, x0, tolerance, max_iterations, accelerate):
    real = x0.real.dtype

    def step(state, _):
        x, z, t = state
        new_x = forward_backward_step(z).astype(x.dtype)
        if not accelerate:
            return (new_x, new_x, t), relative_change(new_x, z)
        uphill = inner(add(z, new_x, -1.0), add(new_x, x, -1.0)) > 0
        t = jnp.where(uphill, 1, t)
        new_t = (1 + jnp.sqrt(1 + 4 * t**2)) / 2
        momentum = jnp.where(uphill, 0, (t - 1) / new_t)
        new_z = add(new_x, add(new_x, x, -1.0), momentum)
        return (new_x, new_z, new_t), relative_change(new_x, z)

    state = (x0, x0, jnp.ones((), real))
    start = jnp.asarray(jnp.inf, real)
    (x, _, _), *rest = iterate(step, state, start, tolerance, max_iterations)
    return x, *rest
