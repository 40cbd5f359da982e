import functools
from typing import Any

import jax
import jax.numpy as jnp

from imaging_jax._counts import check_counts
from imaging_jax.operators import LinearOperator
from imaging_jax.solvers._problem import (
    as_problem,
    check_not_negative,
    solve_each,
)
from imaging_jax.solvers._result import Result, iterate
from imaging_jax.solvers._total_variation import tv_proximal

_TV_ITERATIONS = 5


def gap_tv(
    A: LinearOperator,
    y: Any,
    weight: float | jax.Array = 0.1,
    x0: jax.Array | None = None,
    *,
    tolerance: float = 1e-3,
    max_iterations: int = 60,
) -> Result:
    """Reconstructs snapshots by generalised alternating projection with total variation.

    Takes turns between the projection onto the images that measure ``b``, in closed form where
    ``A A.H`` is diagonal, and isotropic total variation of every band. Accelerated: ``b`` is ``y``
    and all residuals so far. Stops where ``|y - A x| <= tolerance |y|``; of noisy snapshots, fewer
    iterations may be better.

    Args:
      A: an operator whose ``A A.H`` is diagonal, with that diagonal as ``A.gram``, such as
        `imaging_jax.operators.Cassi`; its input are images.
      y: measurements ``(..., *A.out_shape)``; leading axes are separate problems.
      weight: of the total variation at every step, not negative, in the units of ``x``.
      x0: start ``(..., *A.in_shape)``, by default the projection of zeros, ``A.H(y / gram)``.
      tolerance: relative, not negative.
      max_iterations: positive.

    Returns:
      A `Result` with the smoothed images, and ``|y - A x| / |y|`` as history.

    Raises:
      ValueError: where ``A`` isn't linear or has no ``gram``, ``y`` or ``x0`` doesn't fit it, or a
        number is out of its range.

    Yuan, "Generalized alternating projection based total variation minimization for compressive
    sensing", IEEE ICIP 2016.
    """
    if not hasattr(A, "gram"):
        raise ValueError(
            f"A: expected an operator with a diagonal A A.H as gram, got {type(A).__name__}"
        )
    given = x0 is not None
    y, x0 = as_problem(A, y, x0)
    check_not_negative(weight=weight, tolerance=tolerance)
    check_counts(max_iterations=max_iterations)
    return _gap_tv(A, y, weight, x0, tolerance, max_iterations, given)


@functools.partial(jax.jit, static_argnames=("max_iterations", "given"))
def _gap_tv(A, y, weight, x0, tolerance, max_iterations, given):
    gram = A.gram
    # What nothing was measured into can't be projected onto.
    inverse = jnp.where(gram > 0, 1 / jnp.where(gram > 0, gram, 1), 0)

    def solve(x0, y):
        def project(x, measured):
            return x + A.H(inverse * (measured - A(x)))

        size = jnp.linalg.norm(y.ravel())
        size = jnp.where(size > 0, size, 1)

        def step(state, _):
            x, total = state
            x = tv_proximal(project(x, total), weight, iterations=_TV_ITERATIONS)
            residual = y - A(x)
            return (x, total + residual), jnp.linalg.norm(residual.ravel()) / size

        start = x0 if given else project(x0, y)
        measure = jnp.asarray(jnp.inf, jnp.finfo(y.dtype).dtype)
        (x, _), *rest = iterate(step, (start, y), measure, tolerance, max_iterations)
        return Result(x, *rest)

    return solve_each(solve, A.in_shape, x0, y)
