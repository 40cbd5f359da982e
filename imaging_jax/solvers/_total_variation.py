import functools
from typing import Literal

import jax
import jax.numpy as jnp
from flax import struct

from imaging_jax._counts import check_counts
from imaging_jax._images import as_image
from imaging_jax.operators import LinearOperator
from imaging_jax.solvers._problem import check_not_negative, solve_each
from imaging_jax.solvers._result import Result, iterate
from imaging_jax.transforms import finite_differences, finite_differences_adjoint

DifferenceBoundary = Literal["neumann", "circular"]

# The squared norm of the differences is below 8.
_DUAL_STEP = 1 / 8
# Shorter vectors are inside every ball; the reciprocal of its cube is finite in float32.
_SHORTEST = 1e-10
# The gap costs about as much as an iteration.
_ITERATIONS_A_GAP = 10


class FiniteDifferences(LinearOperator):
    """`finite_differences` as a linear operator; its output is a pair.

    Attributes:
      boundary: as of `finite_differences`.
    """

    boundary: DifferenceBoundary = struct.field(pytree_node=False, default="neumann")

    def forward(self, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Differences of ``x`` along height and along width."""
        return finite_differences(x, self.boundary)


def total_variation(
    x: jax.Array, boundary: DifferenceBoundary = "neumann", epsilon: float = 0.0
) -> jax.Array:
    """The isotropic total variation, ``sum sqrt(dx² + dy² + epsilon²)``, channels apart.

    Args:
      x: images ``(..., H, W, C)``.
      boundary: as of `finite_differences`.
      epsilon: smooths it where a gradient is wanted, in the units of ``x``.

    Returns:
      ``(...,)``.

    Rudin, Osher, Fatemi, "Nonlinear total variation based noise removal algorithms", 1992.
    """
    vertical, horizontal = finite_differences(x, boundary)
    squares = jnp.abs(vertical) ** 2 + jnp.abs(horizontal) ** 2
    if epsilon:
        return jnp.sum(jnp.sqrt(squares + epsilon**2), axis=(-3, -2, -1))
    positive = squares > 0
    lengths = jnp.where(positive, jnp.sqrt(jnp.where(positive, squares, 1)), 0)
    return jnp.sum(lengths, axis=(-3, -2, -1))


def tv_denoise(
    y: jax.Array,
    weight: float | jax.Array,
    *,
    boundary: DifferenceBoundary = "neumann",
    tolerance: float = 1e-4,
    max_iterations: int = 200,
) -> Result:
    """Minimises ``1/2 |x - y|² + weight TV(x)``, with the isotropic total variation.

    The fast gradient projection on the dual problem. Stops where the duality gap is at most
    ``tolerance`` times the objective; the gap is taken after every tenth iteration. The mean of
    every channel stays.

    Args:
      y: images ``(..., H, W, C)``, real or complex, whose differences count by their moduli;
        leading axes are separate problems, channels are coupled by the stopping rule only.
      weight: a number, not negative, in the units of ``y``.
      boundary: as of `finite_differences`.
      tolerance: of the duality gap, relative to the objective, not negative.
      max_iterations: positive.

    Returns:
      A `Result` with the relative duality gap as history, ten times each.

    Raises:
      ValueError: where ``y`` isn't a floating-point image or a number is out of its range.

    Beck, Teboulle, "Fast gradient-based algorithms for constrained total variation image denoising
    and deblurring problems", IEEE Trans. Image Processing 2009.
    """
    y = as_image("y", y)
    check_not_negative(weight=weight, tolerance=tolerance)
    check_counts(max_iterations=max_iterations)
    finite_differences(y[..., :1, :1, :1], boundary)
    return _tv_denoise(y, weight, boundary, tolerance, max_iterations)


@functools.partial(jax.jit, static_argnames=("boundary", "max_iterations"))
def _tv_denoise(y, weight, boundary, tolerance, max_iterations):
    weight = jnp.asarray(weight, jnp.finfo(y.dtype).dtype)

    def solve(y):
        def relative_gap(p):
            x = y - finite_differences_adjoint(p, boundary)
            variation = weight * total_variation(x, boundary)
            primal = variation + jnp.sum(jnp.abs(x - y) ** 2) / 2
            # Less the dual objective, (|y|² - |x|²) / 2, without cancelling digits.
            gap = variation + jnp.sum((jnp.conj(x) * (x - y)).real)
            return gap / jnp.where(primal > 0, primal, 1)

        def block(state, k):
            count = jnp.minimum(_ITERATIONS_A_GAP, max_iterations - k * _ITERATIONS_A_GAP)
            state = jax.lax.fori_loop(
                0, count, lambda _, state: _fgp_step(y, weight, boundary, state), state
            )
            return state, relative_gap(state[0])

        start = _fgp_start(y)
        blocks = -(-max_iterations // _ITERATIONS_A_GAP)
        state, count, converged, history = iterate(
            block, start, relative_gap(start[0]), tolerance, blocks
        )
        return Result(
            x=y - finite_differences_adjoint(state[0], boundary),
            iterations=jnp.minimum(count * _ITERATIONS_A_GAP, max_iterations),
            converged=converged,
            history=jnp.repeat(history, _ITERATIONS_A_GAP)[:max_iterations],
        )

    return solve_each(solve, y.shape[-3:], y)


def tv_proximal(
    x: jax.Array,
    step: float | jax.Array,
    boundary: DifferenceBoundary = "neumann",
    iterations: int = 50,
) -> jax.Array:
    """The proximal map of the total variation, by a fixed number of iterations of `tv_denoise`.

    Reverse-differentiable, through the iterations.

    Args:
      x: images ``(..., H, W, C)``, real or complex, as of `tv_denoise`.
      step: weight of the total variation, not negative.
      boundary: as of `finite_differences`.
      iterations: positive.

    Returns:
      Images ``(..., H, W, C)``.

    Raises:
      ValueError: where ``x`` isn't a floating-point image, ``step`` is negative or
        ``iterations`` isn't positive.
    """
    x = as_image("x", x)
    check_not_negative(step=step)
    check_counts(iterations=iterations)
    return _tv_proximal(x, step, boundary, iterations)


@functools.partial(jax.jit, static_argnames=("boundary", "iterations"))
def _tv_proximal(x, step, boundary, iterations):
    weight = jnp.asarray(step, jnp.finfo(x.dtype).dtype)

    def body(state, _):
        return _fgp_step(x, weight, boundary, state), None

    (p, _, _), _ = jax.lax.scan(body, _fgp_start(x), length=iterations)
    return x - finite_differences_adjoint(p, boundary)


def _fgp_start(y):
    p = (jnp.zeros_like(y), jnp.zeros_like(y))
    return p, p, jnp.ones((), jnp.finfo(y.dtype).dtype)


def _fgp_step(y, weight, boundary, state):
    """A projected gradient step on the dual, from an extrapolated point."""
    p, q, t = state
    x = y - finite_differences_adjoint(q, boundary)
    ascent = finite_differences(x, boundary)
    z = tuple(q + _DUAL_STEP * d for q, d in zip(q, ascent, strict=True))
    new_p = _project(z, weight)
    new_t = (1 + jnp.sqrt(1 + 4 * t**2)) / 2
    momentum = (t - 1) / new_t
    new_q = tuple(new + momentum * (new - old) for new, old in zip(new_p, p, strict=True))
    return new_p, new_q, new_t


def _project(z, radius):
    """Onto vectors no longer than ``radius``."""
    squares = jnp.abs(z[0]) ** 2 + jnp.abs(z[1]) ** 2
    scale = jnp.minimum(1, radius * jax.lax.rsqrt(jnp.maximum(squares, _SHORTEST**2)))
    return scale * z[0], scale * z[1]
