import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.sparse.linalg

from imaging_jax.operators import LinearOperator
from imaging_jax.solvers._implicit import implicit_solution
from imaging_jax.solvers._problem import (
    as_function,
    as_problem,
    as_vectors,
    check_iterations,
    check_not_negative,
    check_operator,
    check_positive,
    lipschitz_bound,
    solve_each,
)
from imaging_jax.solvers._result import Result, iterate
from imaging_jax.solvers._vectors import add, inner, norm, relative_change


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
    check_iterations(max_iterations=max_iterations)
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
    check_iterations(max_iterations=max_iterations)
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


def primal_dual(
    K: LinearOperator,
    proximal: Callable,
    dual_proximal: Callable,
    x0: jax.Array,
    *,
    step_size: float | jax.Array | None = None,
    dual_step_size: float | jax.Array | None = None,
    tolerance: float = 1e-5,
    max_iterations: int = 500,
) -> Result:
    """Minimises ``f(x) + g(K x)`` by the primal-dual hybrid gradient method.

    Stops where primal and dual residual, ``|(x - x⁺) / t - K.H (p - p⁺)|`` and
    ``|(p - p⁺) / s - K (x - x⁺)|``, are at most ``tolerance`` times ``1 + |x⁺| / t`` and
    ``1 + |p⁺| / s``.

    Args:
      K: a linear operator.
      proximal: ``(x, t) -> argmin_u t f(u) + 1/2 |u - x|²``.
      dual_proximal: the same of the convex conjugate of ``g``, ``(p, s) -> ...``, for ``p`` in the
        range of ``K``, a tuple where ``K`` is a stack.
      x0: start ``(..., *K.in_shape)``; leading axes are separate problems, and the two functions
        see one of them at a time.
      step_size: ``t``, with ``t s |K|² <= 1``.
      dual_step_size: ``s``; where one is missing it follows from the other, where both are they are
        equal, by the power method.
      tolerance: not negative.
      max_iterations: positive.

    Returns:
      A `Result` with the larger of the two ratios as history.

    Raises:
      ValueError: where ``K`` isn't linear, ``x0`` doesn't fit it, an argument that should be isn't
        a function or a number is out of its range.

    Chambolle, Pock, "A first-order primal-dual algorithm for convex problems with applications to
    imaging", J. Mathematical Imaging and Vision 2011, algorithm 1; residuals by Goldstein, Li,
    Yuan, "Adaptive primal-dual splitting methods for statistical learning and image processing",
    2015.
    """
    check_operator("K", K)
    x0, _ = as_vectors("x0", x0, K.in_shape, K.in_dtype)
    proximal = as_function("proximal", proximal)
    dual_proximal = as_function("dual_proximal", dual_proximal)
    steps = {"step_size": step_size, "dual_step_size": dual_step_size}
    check_positive(**{name: value for name, value in steps.items() if value is not None})
    check_not_negative(tolerance=tolerance)
    check_iterations(max_iterations=max_iterations)
    return _primal_dual(
        K, proximal, dual_proximal, x0, step_size, dual_step_size, tolerance, max_iterations
    )


@functools.partial(jax.jit, static_argnames="max_iterations")
def _primal_dual(
    K, proximal, dual_proximal, x0, step_size, dual_step_size, tolerance, max_iterations
):
    t, s = _primal_dual_steps(K, step_size, dual_step_size)

    def solve(x0):
        def step(state, _):
            x, x_bar, p, p_image = state
            new_p = dual_proximal(add(p, K(x_bar), s), s)
            new_p_image = K.H(new_p)
            new_x = proximal(add(x, new_p_image, -t), t)
            dx, dp = add(x, new_x, -1.0), add(p, new_p, -1.0)
            primal_residual = norm(dx / t - add(p_image, new_p_image, -1.0))
            dual_residual = norm(add(K(dx), dp, -1 / s))
            measure = jnp.maximum(
                primal_residual / (1 + norm(new_x) / t), dual_residual / (1 + norm(new_p) / s)
            )
            return (new_x, add(new_x, dx, -1.0), new_p, new_p_image), measure

        p0 = jax.tree.map(jnp.zeros_like, K(x0))
        state = (x0, x0, p0, jnp.zeros_like(x0))
        start = jnp.asarray(jnp.inf, x0.real.dtype)
        (x, *_), *rest = iterate(step, state, start, tolerance, max_iterations)
        return Result(x, *rest)

    return solve_each(solve, K.in_shape, x0)


def _primal_dual_steps(K, step_size, dual_step_size):
    if step_size is not None and dual_step_size is not None:
        return step_size, dual_step_size
    squared_norm = lipschitz_bound(K)
    if step_size is not None:
        return step_size, 1 / (squared_norm * step_size)
    if dual_step_size is not None:
        return 1 / (squared_norm * dual_step_size), dual_step_size
    return jax.lax.rsqrt(squared_norm), jax.lax.rsqrt(squared_norm)
