"""Speckle removed without training: what networks on radar must beat."""

import math

import jax
import jax.numpy as jnp
from jax.scipy.special import digamma

from imaging_jax.solvers import tv_denoise
from train.config.registry import positive
from train.data.fields import PICTURE, as_numbers
from train.systems.system import Origin, System

# Below a level of 8 bits logarithms would tell of rounding.
_DARKEST = 1 / 255


def despeckle_tv(looks: str, weight: str) -> System:
    """The total variation of the logarithm of a speckled amplitude made small.

    There speckle is added, and its mean, ``(digamma(L) - log L) / 2`` for L looks, is taken off.

    Args:
      looks: L, a positive number.
      weight: of the total variation, a positive number; logarithms are natural ones.

    Raises:
      ValueError: anything but two positive numbers.

    Source: Arsenault, April, "Properties of speckle integrated with a finite aperture and
    logarithmically transformed", JOSA 66(11), 1976 (the logarithm); Rudin, Osher, Fatemi, 1992.
    """
    name = f"despeckle_tv:{looks}:{weight}"
    L, value = (
        positive(looks, name, "a positive number of looks"),
        positive(weight, name, "a positive weight"),
    )
    bias = float(digamma(L)) / 2 - math.log(L) / 2

    @jax.jit
    def despeckled(amplitude):
        y = jnp.log(jnp.maximum(amplitude, _DARKEST))
        return jnp.clip(jnp.exp(tv_denoise(y, value).x - bias), 0, 1)

    return System(
        "despeckle_tv",
        f"{looks}_{weight}",
        lambda inputs, scale: {
            "image": despeckled(jnp.asarray(as_numbers("image", inputs["image"], PICTURE)))
        },
        Origin("interpolation", settings={"solver": "tv_denoise", "looks": L, "weight": value}),
        options={"scale": (1,)},
    )
