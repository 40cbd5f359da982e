"""What enlarges fields of climate without training."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax.operators import resize
from train.data.climate_scenes import field_of, terrain_of
from train.data.fields import as_numbers
from train.systems.system import Origin, System


def bicubic_field() -> System:
    """A coarse field enlarged bicubically, whatever the terrain.

    In physical units, cut off at 0: there is neither a temperature in K nor an amount of rain
    below.
    """
    coarse, gives = field_of(None), {"field": field_of(None)}

    @partial(jax.jit, static_argnums=1)
    def enlarged(values, scale):
        return jnp.maximum(resize(values, scale), 0)

    def apply(inputs, scale):
        with jax.enable_x64(True):
            values = np.float64(as_numbers("coarse", inputs["coarse"], coarse))
            return {"field": enlarged(values, scale)}

    origin = Origin("interpolation", precision="float64")
    takes, options = {"coarse": coarse, "terrain": terrain_of()}, {"scale": ()}
    return System("bicubic_field", "none", apply, origin, takes, gives, options)
