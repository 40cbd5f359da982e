"""The metrics that protocols name, as they are taken of one batch."""

import os
from functools import cache, partial
from pathlib import Path

import jax

from imaging_jax import pretrained
from imaging_jax.metrics import NIQEModel, average_gradient, niqe, niqe_model, psnr, ssim
from imaging_jax.operators import round_to_8bit, shave


def measure(
    names: tuple[str, ...], reference: jax.Array, estimate: jax.Array, border: int
) -> dict[str, jax.Array]:
    """Takes the metrics of these names: {name: values}, each of the images' leading shape."""
    return {name: METRICS[name](reference, estimate, border=border) for name in names}


def check_measurable(names: tuple[str, ...]) -> None:
    """Raises a ValueError where a metric of these names lacks what it needs on this machine."""
    if "niqe" in names:
        _pristine()


def _niqe_of_estimate(reference, estimate, border):
    del reference
    return niqe(shave(round_to_8bit(estimate), border), _pristine())


@cache
def _pristine() -> NIQEModel:
    root = os.environ.get("IMAGING_DATA")
    if not root:
        raise ValueError("NIQE's model of pristine images needs the variable IMAGING_DATA")
    return niqe_model(pretrained.read(Path(root, "weights/niqe_pris_params.npz")))


@partial(jax.jit, static_argnames="border")
def _average_gradient_of_estimate(reference, estimate, border):
    del reference
    return average_gradient(shave(estimate, border))


METRICS = {
    "psnr": jax.jit(psnr, static_argnames="border"),
    "ssim": jax.jit(ssim, static_argnames="border"),
    "average_gradient": _average_gradient_of_estimate,
    "niqe": _niqe_of_estimate,
}
