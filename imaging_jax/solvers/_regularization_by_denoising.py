import functools
from collections.abc import Callable
from typing import Any

import jax

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


def red(
    A: LinearOperator,
    y: Any,
    denoiser: Callable,
    sigma: float | jax.Array,
    denoiser_sigma: float | jax.Array,
    weight: float | jax.Array,
    x0: jax.Array | None = None,
    *,
    iterations: int = 200,
    tolerance: float = 1e-4,
) -> Result:
    """Regularisation by denoising, by its fixed-point iteration.

    Solves ``A.H (A x - y) / sigma² + weight (x - denoiser(x)) = 0`` by ``(A.H A / sigma² + weight)
    x⁺ = A.H y / sigma² + weight denoiser(x)``. One compiled program.

    Args:
      A: as of `pnp_hqs`.
      y: as of `pnp_hqs`.
      denoiser: as of `pnp_hqs`.
      sigma: standard deviation of the noise of the data, positive.
      denoiser_sigma: noise level of the denoiser, not negative.
      weight: of the prior, positive, in units of 1 / ``sigma²``: where a paper gives images in
        [0, 255], its weight times ``255²``.
      x0: start ``(..., *A.in_shape)``, ``A.H y`` by default.
      iterations: positive.
      tolerance: as of `pnp_hqs`.

    Returns:
      A `Result` with its relative change as history.

    Raises:
      ValueError: as `pnp_hqs`.

    Romano, Elad, Milanfar, "The little engine that could: regularization by denoising (RED)", SIAM
    J. Imaging Sciences 2017, equation 37.
    """
    y, x0, denoiser = check_problem(A, y, denoiser, x0, tolerance, iterations=iterations)
    check_positive(sigma=sigma, weight=weight)
    check_not_negative(denoiser_sigma=denoiser_sigma)
    return _red(A, y, denoiser, sigma, denoiser_sigma, weight, x0, tolerance, iterations)


@functools.partial(jax.jit, static_argnames="iterations")
def _red(A, y, denoiser, sigma, denoiser_sigma, weight, x0, tolerance, iterations):
    rho = weight * sigma**2

    def step(x, _):
        denoised = denoiser(x, denoiser_sigma)
        return proximal_step(A, y, denoised, rho, INNER_TOLERANCE, INNER_ITERATIONS), None

    return scan_and_measure(A, step, lambda x: x, x0, None, iterations, tolerance)
