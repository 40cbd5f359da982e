"""Solvers with classical priors as systems: what the operator of a measurement can undo."""

from functools import partial

import jax
import jax.numpy as jnp

from imaging_jax.solvers import (
    fista,
    translation_invariant_wavelet_proximal,
    tv_proximal,
    wavelet_proximal,
)
from train.config.registry import positive
from train.systems.measurements import measurement
from train.systems.system import Origin, System

ITERATIONS = 200
_WAVELET = {"wavelet": "db4", "levels": 3}
PRIORS = {
    "fista_tv": (tv_proximal, {}),
    "fista_cycle_spinning": (
        partial(translation_invariant_wavelet_proximal, **_WAVELET),
        {**_WAVELET, "shifts": "all"},
    ),
    "fista_wavelet": (partial(wavelet_proximal, **_WAVELET), _WAVELET),
}


def fista_with_prior(name: str, degradation: str, weight: str) -> System:
    """FISTA with a prior of PRIORS, for the operator of a measurement.

    Of spectra it gives the magnitude of the complex image found.

    Raises:
      ValueError: no such measurement, one whose operator isn't linear, or a weight that is no
        positive number.
    """
    value = positive(weight, f"{name}:{degradation}:{weight}", "a positive weight of the prior")
    given = measurement(degradation, name)
    proximal, settings = PRIORS[name]

    @jax.jit
    def solve(item):
        A, y, start = given.problem(item)
        x = fista(A, y, proximal, value, start, max_iterations=ITERATIONS).x
        return jnp.clip(jnp.abs(x) if jnp.iscomplexobj(x) else x, 0, 1)

    return System(
        name,
        f"{degradation}_{weight}",
        lambda inputs, **_: given.each(solve, inputs),
        Origin(
            "interpolation",
            settings={"solver": "fista", "iterations": ITERATIONS, "weight": value, **settings},
        ),
        takes=given.takes,
        options=given.options,
        undoes=given.undoes,
    )
