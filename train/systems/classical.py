"""Solvers without training as systems: what the operator of a named degradation can undo."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax.solvers import fista, tv_proximal, wavelet_proximal
from train.config.registry import look_up
from train.data import degradations

_ITERATIONS = 200
PROXIMALS = {
    "fista_tv": tv_proximal,
    "fista_wavelet": partial(wavelet_proximal, wavelet="db4", levels=3),
}


def solver(name: str, preset: str, weight: float) -> Callable[[np.ndarray, int], jax.Array]:
    """Makes (measurements (N, ...), 1) -> images (N, H, W, C) of FISTA with a prior of this weight.

    Raises:
      ValueError: an unknown degradation, or one whose operator isn't linear.
    """
    look_up(degradations.PRESETS, preset, f"the degradation of {name}")
    if not degradations.has_operator(preset):
        raise ValueError(f"{name}: {preset} has no linear operator that is known here")

    @jax.jit
    def solve(y):
        A = degradations.linear_operator(preset, y)
        start = degradations.estimate(preset, y)
        result = fista(A, y, PROXIMALS[name], weight, start, max_iterations=_ITERATIONS)
        return jnp.clip(result.x, 0, 1)

    return lambda y, scale: jnp.stack([solve(image) for image in jnp.asarray(y, jnp.float32)])
