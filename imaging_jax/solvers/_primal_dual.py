import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import jax.scipy.sparse.linalg

from imaging_jax._counts import check_counts
from imaging_jax.operators import LinearOperator
from imaging_jax.solvers._problem import (
    as_function,
    as_vectors,
    check_not_negative,
    check_operator,
    check_positive,
    lipschitz_bound,
    solve_each,
)
from imaging_jax.solvers._result import Result, iterate
from imaging_jax.solvers._vectors import add, norm


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
    check_counts(max_iterations=max_iterations)
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
