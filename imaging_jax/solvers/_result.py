from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import struct


class Result(struct.PyTreeNode):
    """What an iterative solver returns; leading axes of the problem are leading axes of all fields.

    Attributes:
      x: the solution.
      iterations: int32, how many were done.
      converged: whether the measure that the solver compares with ``tolerance`` fell to it. False
        after the last permitted iteration, and where the measure is no longer a number: then the
        iteration stops at once.
      history: ``(..., max_iterations)``, that measure after every iteration; what follows the last
        iteration repeats its value.
    """

    x: Any
    iterations: jax.Array
    converged: jax.Array
    history: jax.Array


def iterate(
    step: Callable, state: Any, measure: jax.Array, tolerance: Any, max_iterations: int
) -> tuple[Any, jax.Array, jax.Array, jax.Array]:
    """Repeats ``state, measure = step(state, k)`` until the measure is at most the tolerance.

    Args:
      step: one iteration; ``k`` counts from 0.
      state: a pytree.
      measure: its value at the start, a real scalar; infinite where it isn't known.
      tolerance: not negative.
      max_iterations: static.

    Returns:
      The last state, and the fields of `Result` after ``x``.
    """
    measure = jnp.asarray(measure)
    history = jnp.full(max_iterations, measure)

    def go_on(carry):
        k, _, measure, _ = carry
        return (k < max_iterations) & ~(measure <= tolerance) & ~jnp.isnan(measure)

    def body(carry):
        k, state, _, history = carry
        state, measure = step(state, k)
        measure = measure.astype(history.dtype)
        return k + 1, state, measure, history.at[k].set(measure)

    k, state, measure, history = jax.lax.while_loop(
        go_on, body, (jnp.int32(0), state, measure, history)
    )
    history = jnp.where(jnp.arange(max_iterations) < k, history, measure)
    # What isn't a number must not come back as a start that looks like an answer.
    state = jax.tree.map(lambda leaf: _nan_where(jnp.isnan(measure), leaf), state)
    return state, k, measure <= tolerance, history


def _nan_where(broken, leaf):
    leaf = jnp.asarray(leaf)
    if not jnp.issubdtype(leaf.dtype, jnp.inexact):
        return leaf
    return jnp.where(broken, jnp.asarray(jnp.nan, leaf.dtype), leaf)
