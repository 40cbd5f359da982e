"""What needs no weights: interpolation, what was measured as it is, and what is made of it."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax.operators import resize
from train.config.registry import look_up
from train.data.fields import FREQUENCY_MASK, PICTURE, SPECTRUM, Field, as_numbers
from train.data.presets import PRESETS
from train.systems.equal_tiles import in_equal_tiles
from train.systems.measurements import start_of
from train.systems.system import Origin, System

KERNELS = ("bicubic", "bilinear", "nearest", "lanczos2", "lanczos3")
# In pixels of the input: of a tile, and how far the widest of them reaches.
_SIDE = 48
_REACH = 3


def interpolation(kernel: str) -> System:
    """MATLAB-compatible interpolation, in float64."""

    def apply(inputs, scale):
        enlarge = partial(_enlarge, scale=scale, kernel=kernel)
        tiles = {"side": _SIDE, "reach": _REACH, "mode": "symmetric"}
        return {"image": in_equal_tiles(enlarge, inputs["image"], **tiles)}

    return System(
        kernel,
        "none",
        apply,
        Origin("interpolation", paper=kernel, precision="float64"),
        options={"scale": ()},
        pure=lambda inputs, scale: {"image": resize(inputs["image"], scale, kernel=kernel)},
    )


@partial(jax.jit, static_argnames=("scale", "kernel"))
def _enlarge(lr, scale, kernel):
    return jnp.clip(resize(lr, scale, kernel=kernel), 0.0, 1.0)


def identity() -> System:
    """What was given, as it is: the measured image's own score."""
    origin = Origin("interpolation", paper="identity", precision="float64")
    return System("identity", "none", lambda inputs, **_: dict(inputs), origin, options=None)


def zero_filled() -> System:
    """The complex image whose spectrum was measured, in double precision."""

    def apply(inputs):
        return {"image": np.fft.ifft2(inputs["spectrum"], axes=(-3, -2), norm="ortho")}

    return System(
        "zero_filled",
        "none",
        apply,
        Origin("interpolation", paper="zero_filled", precision="float64"),
        takes={"spectrum": SPECTRUM, "mask": FREQUENCY_MASK},
        gives={"image": Field((None, None, None), "complex128", "image")},
    )


def given(preset: str) -> System:
    """The image that networks or solvers start from, of a measurement by a named degradation."""
    scale = look_up(PRESETS, preset, "given").scale
    start = jax.jit(lambda y: start_of(preset, y))
    return System(
        "given",
        preset,
        lambda inputs, **_: {"image": start(as_numbers("image", inputs["image"], PICTURE))},
        Origin("interpolation"),
        options={"scale": (scale,)},
        undoes=preset,
    )
