"""What solvers are given: an operator, its measurement and a start, of every kind of item."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import jax
import jax.numpy as jnp

from imaging_jax.operators import LinearOperator, MaskedFourier, fourier_shift, resize
from train.config.registry import look_up
from train.data import degradations
from train.data.fields import FREQUENCY_MASK, PICTURE, SPECTRUM, Fields, as_numbers
from train.data.presets import PRESETS

# (inputs of one item) -> operator, measurement, first estimate.
Problem = Callable[[dict[str, jax.Array]], tuple[LinearOperator, jax.Array, jax.Array]]
MRI = "mri"


@dataclass(frozen=True)
class Measurement:
    """A kind of measurement that solvers undo.

    Attributes:
      takes: fields of an item.
      problem: makes operator, measurement and start of an item.
      options: what a system that undoes it can be told.
      undoes: the degradation, where it is one of `train.data.presets.PRESETS`.
    """

    takes: Fields
    problem: Problem
    options: Mapping[str, tuple]
    undoes: str = ""

    def each(self, solve: Callable[..., jax.Array], inputs: Mapping, *arguments) -> dict:
        """Applies `solve(item, *arguments)` to the items of a batch, at the highest precision."""
        batch = {name: as_numbers(name, inputs[name], field) for name, field in self.takes.items()}
        count = len(next(iter(batch.values())))
        with jax.default_matmul_precision("highest"):
            solved = [
                solve({name: value[i] for name, value in batch.items()}, *arguments)
                for i in range(count)
            ]
        return {"image": jnp.stack(solved)}


def measurement(name: str, whom: str) -> Measurement:
    """The measurement by a named degradation, or "mri": a spectrum and the mask of its sampling.

    Raises:
      ValueError: no such degradation, or one whose operator isn't linear; names `whom`.
    """
    if name == MRI:
        takes = {"spectrum": SPECTRUM, "mask": FREQUENCY_MASK}
        return Measurement(takes, _masked_fourier, {})
    look_up({**PRESETS, MRI: None}, name, f"the degradation of {whom}")
    if not degradations.has_operator(name):
        raise ValueError(f"{whom}: {name} has no linear operator that is known here")

    def problem(item):
        y = item["image"]
        return degradations.linear_operator(name, y), y, start_of(name, y)

    return Measurement({"image": PICTURE}, problem, {"scale": (PRESETS[name].scale,)}, name)


def start_of(preset: str, y: jax.Array) -> jax.Array:
    """An image of the size of what was measured: the estimate of a degradation, or bicubic.

    Of what was decimated, a pixel kept is the upper left of its block, and interpolation is shifted
    to lie there, as in DPIR's code.
    """
    scale = PRESETS[preset].scale
    if scale == 1:
        return degradations.estimate(preset, y)
    return fourier_shift(resize(y, scale), jnp.full(2, (1 - scale) / 2))


def _masked_fourier(item):
    y = item["spectrum"]
    A = MaskedFourier(item["mask"], in_shape=y.shape, in_dtype=y.dtype)
    return A, y, jnp.fft.ifft2(y, axes=(-3, -2), norm="ortho")
