"""What makes hyperspectral cubes without a network: regression by colours, GAP-TV of snapshots."""

from itertools import combinations_with_replacement

import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax.operators import DISPERSION, Cassi
from imaging_jax.solvers import gap_tv as solve
from train.config.registry import positive
from train.data.data_sets import data_set
from train.data.fields import (
    CODED_MASK,
    CUBE,
    SNAPSHOT,
    as_numbers,
    check_fields,
    cubes_of,
    picture,
)
from train.data.spectral_response import colour_image
from train.systems.system import Origin, System

ITERATIONS = 60
# The best MPSNR of 0.003, 0.01, 0.03, 0.06, 0.1, 0.15, 0.2 and 0.3 on made_cubes:64:28, whose other
# weights from 0.03 on lose less than 1 dB.
WEIGHT = 0.06


def rgb_regression(degree: str, images: str) -> System:
    """Bands as polynomials of a pixel's colour, fitted by least squares to a set of cubes.

    Raises:
      ValueError: another degree than 1 or 2, or a set of something else.
    """
    name = f"rgb_regression:{degree}:{images}"
    if degree not in ("1", "2"):
        raise ValueError(f"{name}: wanted the degree 1 or 2, and a set of cubes")
    fitted = data_set(images)
    check_fields(fitted.fields, {"image": CUBE}, fitted.name, name)
    cubes = fitted.floats("image")
    weights = fit(np.asarray(colour_image(cubes)), cubes, int(degree))
    takes = picture(3)

    def apply(inputs, **_):
        colours = as_numbers("image", inputs["image"], takes)
        return {"image": np.float32(polynomials(colours, int(degree)) @ weights)}

    return System(
        "rgb_regression",
        f"{degree}_of_{images}",
        apply,
        Origin("fitted", precision="float64"),
        {"image": takes},
        {"image": cubes_of(cubes.shape[-1])},
    )


def fit(colours: np.ndarray, cubes: np.ndarray, degree: int) -> np.ndarray:
    """Least squares over all pixels: the matrix that makes bands of `polynomials`.

    Args:
      colours: (..., 3).
      cubes: (..., bands).
      degree: 1 or 2.

    Returns:
      (terms, bands) in float64.
    """
    terms = polynomials(colours, degree)
    rows = np.float64(cubes).reshape(-1, cubes.shape[-1])
    return np.linalg.lstsq(terms.reshape(len(rows), -1), rows)[0]


def polynomials(colours: np.ndarray, degree: int) -> np.ndarray:
    """A constant, the channels, and of degree 2 their products: (..., 4 or 10) in float64."""
    channels = np.moveaxis(np.float64(colours), -1, 0)
    terms = [np.ones_like(channels[0]), *channels]
    if degree == 2:
        terms += [a * b for a, b in combinations_with_replacement(channels, 2)]
    return np.stack(terms, axis=-1)


def gap_tv(weight: str) -> System:
    """GAP-TV (Yuan, 2016) of coded snapshots, by the weight of its total variation or the usual.

    Raises:
      ValueError: a weight that isn't positive.
    """
    value = positive(weight or str(WEIGHT), f"gap_tv:{weight}", "a positive weight, or none")
    takes, gives = {"snapshot": SNAPSHOT, "mask": CODED_MASK}, {"image": CUBE}

    def apply(inputs, **_):
        batch = [as_numbers(name, inputs[name], field) for name, field in takes.items()]
        with jax.default_matmul_precision("highest"):
            cubes = [_solve(*item, value) for item in zip(*batch, strict=True)]
        return {"image": jnp.stack(cubes)}

    settings = {"solver": "gap_tv", "iterations": ITERATIONS, "weight": value}
    origin = Origin("interpolation", settings=settings)
    return System("gap_tv", f"{value:g}", apply, origin, takes, gives)


def _solve(snapshot, mask, weight):
    bands, left = divmod(snapshot.shape[1] - mask.shape[1], DISPERSION)
    if bands < 0 or left or snapshot.shape[0] != mask.shape[0]:
        raise ValueError(
            f"gap_tv: a snapshot {snapshot.shape} is none of a mask {mask.shape}, dispersed by "
            f"{DISPERSION} pixels a band"
        )
    A = Cassi(mask, in_shape=(*mask.shape, bands + 1), in_dtype=snapshot.dtype)
    return solve(A, snapshot, weight, tolerance=0, max_iterations=ITERATIONS).x
