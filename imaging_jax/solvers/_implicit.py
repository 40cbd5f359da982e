from collections.abc import Callable

import jax
import jax.numpy as jnp

from imaging_jax.solvers._result import Result


def implicit_solution(
    residual: Callable, x0: jax.Array, find_root: Callable, solve_linear: Callable
) -> Result:
    """Finds a root and differentiates it by the implicit function theorem.

    Args:
      residual: ``x -> r(x)``, 0 at the solution; may close over what one differentiates to.
      x0: start.
      find_root: ``x0 -> (x, iterations, converged, history)``, never differentiated.
      solve_linear: ``(linear, b) -> u`` with ``linear(u) = b``, for the linearised residual and
        its transpose.
    """

    def find_with_floats(_, x0):
        # `custom_root` has no tangents for integers.
        x, iterations, converged, history = find_root(x0)
        return x, jax.tree.map(lambda a: a.astype(history.dtype), (iterations, converged, history))

    def solve_tangent(linear, b):
        return jax.lax.custom_linear_solve(linear, b, solve_linear, solve_linear)

    x, (iterations, converged, history) = jax.lax.custom_root(
        residual, x0, find_with_floats, solve_tangent, has_aux=True
    )
    return Result(x, iterations.astype(jnp.int32), converged > 0, history)
