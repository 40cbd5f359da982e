import functools
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax._counts import check_counts
from imaging_jax.operators import LinearOperator
from imaging_jax.solvers._least_squares import proximal_step
from imaging_jax.solvers._problem import (
    as_function,
    as_problem,
    check_array,
    check_not_negative,
    check_positive,
    lipschitz_bound,
)
from imaging_jax.solvers._result import Result

# Where an operator has no closed form `A.proximal`, its data step takes these limits.
INNER_TOLERANCE = 1e-6
INNER_ITERATIONS = 50


def dpir_schedule(
    sigma: float,
    sigma_start: float = 49 / 255,
    sigma_end: float | None = None,
    iterations: int = 8,
    weight: float = 0.23,
) -> tuple[np.ndarray, np.ndarray]:
    """The noise levels and penalties of DPIR, for `pnp_hqs`.

    ``sigmas`` fall geometrically from start to end, ``rhos = weight sigma² / sigmas²``.

    Args:
      sigma: standard deviation of the noise of the data, images in [0, 1]; below 0.001 it counts
        as 0.001.
      sigma_start: first noise level of the denoiser.
      sigma_end: last; by default that of the data.
      iterations: positive.
      weight: of the prior.

    Returns:
      ``sigmas`` and ``rhos``, each ``(iterations,)``.

    Raises:
      ValueError: where a number is out of its range.

    Zhang, Li, Zuo, Zhang, Van Gool, Timofte, "Plug-and-play image restoration with deep denoiser
    prior", IEEE TPAMI 2021, section 4.2; the floor as in the authors' code.
    """
    check_not_negative(sigma=sigma)
    check_positive(sigma_start=sigma_start, weight=weight)
    check_counts(iterations=iterations)
    sigma = max(sigma, 1e-3)
    if sigma_end is None:
        sigma_end = sigma
    check_positive(sigma_end=sigma_end)
    sigmas = np.logspace(math.log10(sigma_start), math.log10(sigma_end), iterations)
    return sigmas, weight * (sigma / sigmas) ** 2


def pnp_hqs(
    A: LinearOperator,
    y: Any,
    denoiser: Callable,
    sigmas: jax.Array,
    rhos: jax.Array,
    x0: jax.Array | None = None,
    *,
    tolerance: float = 1e-4,
) -> Result:
    """Plug-and-play half-quadratic splitting, the iteration of DPIR.

    ``x = argmin |A x - y|² + rho |x - z|²``, then ``z = denoiser(x, sigma)``, with the levels of
    `dpir_schedule`. One compiled program; differentiable through the iterations where the denoiser
    is and ``A.proximal`` exists.

    Args:
      A: a linear operator whose input is an image ``(H, W, C)``.
      y: measurements ``(..., *A.out_shape)``.
      denoiser: ``(x, sigma) -> x``, of images ``(..., H, W, C)`` in [0, 1] with noise of standard
        deviation ``sigma``; all leading axes at once. Weights of a network come along in a
        `jax.tree_util.Partial`.
      sigmas: ``(iterations,)``.
      rhos: ``(iterations,)``, positive.
      x0: start ``(..., *A.in_shape)``, ``A.H y`` by default.
      tolerance: ``converged`` where the last relative change is at most this; all iterations are
        done.

    Returns:
      A `Result` with the last ``z``, and its relative change as history.

    Raises:
      ValueError: where ``A`` isn't linear, ``y`` or ``x0`` doesn't fit it, ``denoiser`` isn't a
        function, ``sigmas`` and ``rhos`` aren't vectors of one length or a number is out of its
        range.

    Zhang et al., "Plug-and-play image restoration with deep denoiser prior", IEEE TPAMI 2021,
    equations 6a and 6b.
    """
    y, x0, denoiser = check_problem(A, y, denoiser, x0, tolerance)
    if np.ndim(sigmas) != 1 or np.shape(sigmas) != np.shape(rhos) or np.size(sigmas) == 0:
        raise ValueError(
            f"sigmas, rhos: expected vectors of one length, got shapes {np.shape(sigmas)} "
            f"and {np.shape(rhos)}"
        )
    check_array("sigmas", sigmas, positive=False)
    check_array("rhos", rhos, positive=True)
    levels = tuple(jnp.asarray(values, x0.real.dtype) for values in (sigmas, rhos))
    return _pnp_hqs(A, y, denoiser, levels, x0, tolerance)


@jax.jit
def _pnp_hqs(A, y, denoiser, levels, x0, tolerance):
    def step(z, level):
        sigma, rho = level
        x = proximal_step(A, y, z, rho, INNER_TOLERANCE, INNER_ITERATIONS)
        return denoiser(x, sigma), None

    return scan_and_measure(A, step, lambda z: z, x0, levels, len(levels[0]), tolerance)


def pnp_admm(
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
    """Plug-and-play ADMM: a denoiser takes the place of the proximal map of the prior.

    ``x = argmin |A x - y|² + rho |x - (v - u)|²``, ``v = denoiser(x + u, sigma)``,
    ``u = u + x - v``. One compiled program.

    Args:
      A: as of `pnp_hqs`.
      y: as of `pnp_hqs`.
      denoiser: as of `pnp_hqs`.
      sigma: its noise level, not negative.
      rho: positive.
      x0: start ``(..., *A.in_shape)``, ``A.H y`` by default.
      iterations: positive.
      tolerance: as of `pnp_hqs`.

    Returns:
      A `Result` with the last ``v``, and its relative change as history.

    Raises:
      ValueError: as `pnp_hqs`.

    Venkatakrishnan, Bouman, Wohlberg, "Plug-and-play priors for model based reconstruction",
    GlobalSIP 2013; Ryu et al., "Plug-and-play methods provably converge with properly trained
    denoisers", ICML 2019.
    """
    y, x0, denoiser = check_problem(A, y, denoiser, x0, tolerance, iterations=iterations)
    check_not_negative(sigma=sigma)
    check_positive(rho=rho)
    return _pnp_admm(A, y, denoiser, sigma, rho, x0, tolerance, iterations)


@functools.partial(jax.jit, static_argnames="iterations")
def _pnp_admm(A, y, denoiser, sigma, rho, x0, tolerance, iterations):
    def step(state, _):
        v, u = state
        x = proximal_step(A, y, v - u, rho, INNER_TOLERANCE, INNER_ITERATIONS)
        v = denoiser(x + u, sigma)
        return (v, u + x - v), None

    start = (x0, jnp.zeros_like(x0))
    return scan_and_measure(A, step, lambda state: state[0], start, None, iterations, tolerance)


def pnp_forward_backward(
    A: LinearOperator,
    y: Any,
    denoiser: Callable,
    sigma: float | jax.Array,
    x0: jax.Array | None = None,
    *,
    step_size: float | jax.Array | None = None,
    accelerate: bool = False,
    iterations: int = 100,
    tolerance: float = 1e-4,
) -> Result:
    """Plug-and-play proximal gradient: ``x = denoiser(x - step_size A.H (A x - y), sigma)``.

    One compiled program.

    Args:
      A: as of `pnp_hqs`.
      y: as of `pnp_hqs`.
      denoiser: as of `pnp_hqs`.
      sigma: its noise level, not negative.
      x0: start ``(..., *A.in_shape)``, ``A.H y`` by default.
      step_size: by default close to 1 / ``|A|²``, by the power method.
      accelerate: with the momentum of `fista`; faster, and without its guarantees.
      iterations: positive.
      tolerance: as of `pnp_hqs`.

    Returns:
      A `Result` with its relative change as history.

    Raises:
      ValueError: as `pnp_hqs`.

    Ryu et al., "Plug-and-play methods provably converge with properly trained denoisers", ICML
    2019, PnP-FBS.
    """
    y, x0, denoiser = check_problem(A, y, denoiser, x0, tolerance, iterations=iterations)
    check_not_negative(sigma=sigma)
    if step_size is not None:
        check_positive(step_size=step_size)
    return _pnp_forward_backward(
        A, y, denoiser, sigma, x0, step_size, tolerance, accelerate, iterations
    )


@functools.partial(jax.jit, static_argnames=("accelerate", "iterations"))
def _pnp_forward_backward(A, y, denoiser, sigma, x0, step_size, tolerance, accelerate, iterations):
    step_size = 1 / lipschitz_bound(A) if step_size is None else step_size

    def step(state, _):
        x, z, t = state
        residual = jax.tree.map(jnp.subtract, A(z), y)
        new_x = denoiser(z - step_size * A.H(residual), sigma).astype(x.dtype)
        if not accelerate:
            return (new_x, new_x, t), None
        new_t = (1 + jnp.sqrt(1 + 4 * t**2)) / 2
        return (new_x, new_x + (t - 1) / new_t * (new_x - x), new_t), None

    start = (x0, x0, jnp.ones((), x0.real.dtype))
    return scan_and_measure(A, step, lambda state: state[0], start, None, iterations, tolerance)


def check_problem(A, y, denoiser, x0, tolerance, **counts):
    """Returns data, start and denoiser; ValueError where they don't fit."""
    y, start = as_problem(A, y, x0)
    check_not_negative(tolerance=tolerance)
    check_counts(**counts)
    start = A.H(y) if x0 is None else start
    return y, start, as_function("denoiser", denoiser)


def scan_and_measure(A, step, image, state, xs, iterations, tolerance):
    """Runs all iterations on all problems, and measures how far each image still moved."""
    axes = tuple(range(-len(A.in_shape), 0))

    def measured_step(state, values):
        new_state, _ = step(state, values)
        new_state = jax.tree.map(lambda new, old: new.astype(old.dtype), new_state, state)
        new, old = image(new_state), image(state)
        size = jnp.sqrt(jnp.sum(jnp.abs(new) ** 2, axis=axes))
        change = jnp.sqrt(jnp.sum(jnp.abs(new - old) ** 2, axis=axes))
        return new_state, change / jnp.where(size > 0, size, 1)

    state, history = jax.lax.scan(measured_step, state, xs, length=iterations)
    history = jnp.moveaxis(history, 0, -1)
    count = jnp.full(history.shape[:-1], iterations, jnp.int32)
    return Result(image(state), count, history[..., -1] <= tolerance, history)
