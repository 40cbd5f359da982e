"""Classical denoisers of hyperspectral cubes as systems: low rank along the bands."""

from collections.abc import Callable

import jax
import numpy as np

from imaging_jax.solvers import lrmr, lrtv, nmog, tdl, truncated_svd
from train.config.registry import positive
from train.data.fields import CUBE, as_numbers
from train.systems.system import Origin, System

# The share of entries that LRMR takes for sparse noise, as for strong impulses.
_SPARSE = 0.15
_BLOCK = 20


def by_rank(name: str, rank: str) -> System:
    """A method of RANKED by the rank that is given.

    Raises:
      ValueError: a rank that is no positive whole number.
    """
    return _each(name, rank, RANKED[name], {"rank": _rank(name, rank)})


def low_rank_total_variation(rank: str, weight: str) -> System:
    """LRTV (He et al., 2016) by rank and weight of the total variation.

    Raises:
      ValueError: a rank that is no positive whole number, or a weight that isn't positive.
    """
    value = positive(weight, f"lrtv:{rank}:{weight}", "a positive weight")
    settings = {"rank": _rank("lrtv", rank), "tv_weight": value}
    return _each("lrtv", f"{rank}_{weight}", lambda y, **values: lrtv(y, **values).x, settings)


def tensor_dictionaries(sigma: str) -> System:
    """TDL (Peng et al., 2014), which is told the level of white noise, of 255.

    Raises:
      ValueError: a level that isn't positive.
    """
    value = positive(sigma, f"tdl:{sigma}", "a level of noise, of 255, above 0")
    return _each("tdl", sigma, lambda y, sigma_255: tdl(y, sigma_255 / 255), {"sigma_255": value})


def _lrmr(y, rank):
    block = min(_BLOCK, *y.shape[:2])
    cardinality = int(_SPARSE * block**2 * y.shape[-1])
    return lrmr(y, rank, cardinality=cardinality, patch_size=block)


def _nmog(y, rank):
    return nmog(y, rank).x


RANKED = {"lrmr": _lrmr, "nmog": _nmog, "svd": truncated_svd}


def _rank(name, word):
    if not (word.isdigit() and int(word)):
        raise ValueError(f"{name}:{word}: wanted a rank, a whole number above 0")
    return int(word)


def _each(name: str, words: str, solve: Callable, settings: dict) -> System:
    def apply(inputs, **_):
        cubes = as_numbers("image", inputs["image"], CUBE)
        with jax.default_matmul_precision("highest"):
            return {"image": np.stack([np.asarray(solve(y, **settings)) for y in cubes])}

    fields = {"image": CUBE}
    origin = Origin("interpolation", settings={"solver": name, **settings})
    return System(name, words, apply, origin, fields, fields)
