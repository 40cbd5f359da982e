"""Alternating projections as systems: magnitudes of a Fourier transform to an image."""

from collections.abc import Mapping

import jax
import numpy as np

from imaging_jax import solvers
from train.data.fields import MAGNITUDE, SUPPORT, Field, as_numbers
from train.systems.system import Origin, System

# Of the ends of every run, a tenth more iterations of error reduction.
_POLISH = 10
RULES = {
    "error_reduction": (solvers.error_reduction, {}),
    "hio": (solvers.hybrid_input_output, {"beta": 0.9}),
    "raar": (solvers.averaged_reflections, {"beta": 0.97}),
    "difference_map": (solvers.difference_map, {"beta": 0.9}),
}


def alternating_projections(name: str, iterations: str, starts: str) -> System:
    """One of RULES from several starts, the best by residual: real images that aren't negative.

    They aren't clipped from above, since that is what is printed of them. Every image is started
    from the same random images, whatever batch it comes in.

    Raises:
      ValueError: counts that are no positive numbers.
    """
    counts = [_count(f"{name}:{iterations}:{starts}", word) for word in (iterations, starts)]
    polish = counts[0] // _POLISH
    rule, settings = RULES[name]
    rule = jax.tree_util.Partial(rule, **settings)

    @jax.jit
    def solve(magnitude, support):
        def one(magnitude, support):
            found = solvers.retrieve_phase(
                jax.random.key(0),
                magnitude,
                solvers.on_support(support),
                rule,
                iterations=counts[0],
                polish=polish,
                starts=counts[1],
            )
            return found.x

        return jax.vmap(one)(magnitude, support)

    def apply(inputs: Mapping, **_) -> dict:
        magnitude = as_numbers("magnitude", inputs["magnitude"], MAGNITUDE)
        support = as_numbers("support", inputs["support"], SUPPORT)
        x = solve(magnitude, support)
        return {"image": x[:, *_box(support)]}

    return System(
        name,
        f"{counts[0]}_{counts[1]}",
        apply,
        Origin(
            "interpolation",
            settings={
                "solver": name,
                "iterations": counts[0],
                "polish": polish,
                "starts": counts[1],
                **settings,
            },
            paper=name,
        ),
        gives={"image": Field((None, None, None), "float32", "image")},
        takes={"magnitude": MAGNITUDE, "support": SUPPORT},
    )


def _box(support: np.ndarray) -> tuple[slice, slice]:
    """Rows and columns of the first of a batch of supports, which are all alike."""
    if (support != support[:1]).any() or not support.any():
        raise ValueError("support: wanted the same one for all images of a batch, not empty")
    edges = (np.flatnonzero(support[0].any(axis=axis)) for axis in (1, 0))
    rows, columns = (slice(int(e[0]), int(e[-1]) + 1) for e in edges)
    return rows, columns


def _count(name: str, word: str) -> int:
    if not word.isdigit() or int(word) < 1:
        raise ValueError(
            f"{name}: wanted {name.partition(':')[0]}:<iterations>:<starts>, each >= 1"
        )
    return int(word)
