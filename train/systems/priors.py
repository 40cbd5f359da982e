"""Solvers with classical priors as systems: what the operator of a named degradation can undo."""

import math
from functools import partial

import jax
import jax.numpy as jnp

from imaging_jax.solvers import fista, tv_proximal, wavelet_proximal
from train.config.registry import look_up
from train.data import degradations
from train.systems.system import Origin, System

ITERATIONS = 200
_WAVELET = {"wavelet": "db4", "levels": 3}
PRIORS = {
    "fista_tv": (tv_proximal, {}),
    "fista_wavelet": (partial(wavelet_proximal, **_WAVELET), _WAVELET),
}


def fista_with_prior(name: str, preset: str, weight: str) -> System:
    """FISTA with a prior of PRIORS, for the operator of the named degradation.

    Raises:
      ValueError: no such degradation, one whose operator isn't linear, or a weight that is no
        positive number.
    """
    value = _positive(weight, f"{name}:{preset}:{weight}")
    look_up(degradations.PRESETS, preset, f"the degradation of {name}")
    if not degradations.has_operator(preset):
        raise ValueError(f"{name}: {preset} has no linear operator that is known here")
    proximal, settings = PRIORS[name]

    @jax.jit
    def solve(y):
        A = degradations.linear_operator(preset, y)
        start = degradations.estimate(preset, y)
        result = fista(A, y, proximal, value, start, max_iterations=ITERATIONS)
        return jnp.clip(result.x, 0, 1)

    def apply(inputs, scale):
        measured = jnp.asarray(inputs["image"], jnp.float32)
        return {"image": jnp.stack([solve(y) for y in measured])}

    return System(
        name,
        f"{preset}_{weight}",
        apply,
        Origin(
            "interpolation",
            settings={"solver": "fista", "iterations": ITERATIONS, "weight": value, **settings},
        ),
        options={"scale": (1,)},
        undoes=preset,
    )


def _positive(weight: str, name: str) -> float:
    try:
        value = float(weight)
    except ValueError:
        value = 0.0
    if not 0 < value < math.inf:
        raise ValueError(f"{name}: wanted a positive weight of the prior")
    return value
