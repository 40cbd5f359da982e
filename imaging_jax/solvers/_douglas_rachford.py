import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from imaging_jax.operators import LinearOperator
from imaging_jax.solvers._least_squares import proximal_step
from imaging_jax.solvers._plug_and_play import (
    INNER_ITERATIONS,
    INNER_TOLERANCE,
    check_problem,
    scan_and_measure,
)
from imaging_jax.solvers._problem import check_not_negative, check_positive
from imaging_jax.solvers._result import Result


def pnp_douglas_rachford(
    A: LinearOperator,
    y: Any,
    denoiser: Callable,
    sigma: float | jax.Array,
    rho: float | jax.Array,
    x0: jax.Array | None = None,
    *,
    iterations: int = 100,
    tolerance: float = 1e-4,
) -> Result:
    """Plug-and-play Douglas-Rachford splitting: ADMM that takes the data step first.

    ``v = argmin |A v - y|² + rho |v - z|²``, ``x = denoiser(2 v - z, sigma)``, ``z = z + x - v``.
    It converges where the denoiser's residual is a contraction, as that of RealSN networks nearly
    is. One compiled program.

    Args:
      A: as of `pnp_hqs`.
      y: as of `pnp_hqs`.
      denoiser: as of `pnp_hqs`.
      sigma: its noise level, not negative.
      rho: positive.
      x0: start ``(..., *A.in_shape)`` of ``z``, ``A.H y`` by default.
      iterations: positive.
      tolerance: as of `pnp_hqs`.

    Returns:
      A `Result` with the last ``x``, and its relative change as history.

    Raises:
      ValueError: as `pnp_hqs`.

    Ryu, Liu, Wang, Chen, Wang, Yin, "Plug-and-play methods provably converge with properly trained
    denoisers", ICML 2019, equation PNP-DRS.
    """
    y, x0, denoiser = check_problem(A, y, denoiser, x0, tolerance, iterations=iterations)
    check_not_negative(sigma=sigma)
    check_positive(rho=rho)
    return _pnp_douglas_rachford(A, y, denoiser, sigma, rho, x0, tolerance, iterations)


@functools.partial(jax.jit, static_argnames="iterations")
def _pnp_douglas_rachford(A, y, denoiser, sigma, rho, x0, tolerance, iterations):
    def step(state, _):
        x, u = state
        v = proximal_step(A, y, x + u, rho, INNER_TOLERANCE, INNER_ITERATIONS)
        return (denoiser(2 * v - x - u, sigma), u + x - v), None

    start = (x0, jnp.zeros_like(x0))
    return scan_and_measure(A, step, lambda state: state[0], start, None, iterations, tolerance)
