"""How a super-resolution system is scored: every choice that moves a digit, by name."""

import os
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax import pretrained
from imaging_jax.metrics import NIQEModel, average_gradient, niqe, niqe_model, psnr, ssim
from imaging_jax.operators import modcrop, resize, round_to_8bit, shave
from imaging_jax.transforms import luminance
from train import images


@dataclass(frozen=True)
class Protocol:
    """One way of making the low-resolution image and of comparing.

    Attributes:
      name: as it stands in records.
      colour: what the system is given, "y" or "rgb"; grey images are given as they are.
      round_reference: the reference luminance is rounded to 8 bits before it is degraded.
      lr_rounding: of the low-resolution image, as in `imaging_jax.operators.resize`.
      lr_boundary: likewise.
      round_output: the system's output is rounded to 8 bits.
      round_luminance: the luminance of both is rounded to 8 bits before they are compared.
      jpeg_quality: of the JPEG file that the low-resolution image passes through; 0 for none.
      compared: "luminance", or "rgb" for all three channels.
      metrics: names of METRICS.
      ssim_window: words for the record; SSIM is that of Wang et al. 2004 in `valid` mode.
    """

    name: str
    colour: str
    round_reference: bool
    lr_rounding: str
    lr_boundary: str
    round_output: bool
    round_luminance: bool
    jpeg_quality: int = 0
    compared: str = "luminance"
    metrics: tuple[str, ...] = ("psnr", "ssim")
    ssim_window: str = "gaussian 11x11 sigma 1.5"

    def border(self, scale: int) -> int:
        """Pixels left out on every side."""
        return scale


PROTOCOLS = {
    protocol.name: protocol
    for protocol in (
        # SRCNN, VDSR and their time: luminance alone, low resolution never rounded.
        Protocol("luminance", "y", True, "none", "symmetric", True, False),
        Protocol("luminance_unrounded", "y", False, "none", "symmetric", False, False),
        Protocol(
            "luminance_jpeg_20", "y", True, "once", "symmetric", True, False, jpeg_quality=20
        ),
        # EDSR, RDN: three colours, the low-resolution image is an 8-bit file; `rgb` has the
        # benchmarks' own files, bit for bit, the others those of a later MATLAB in double.
        Protocol("rgb", "rgb", False, "between_passes", "clamp", True, False),
        Protocol("rgb_y_double", "rgb", False, "once", "symmetric", True, False),
        Protocol("rgb_rounded_once", "rgb", False, "once", "symmetric", True, True),
        # NIQE of the rounded luminance, as PIRM took it: images of two blocks of 96x96 at least.
        Protocol(
            "rgb_niqe", "rgb", False, "once", "symmetric", True, True,
            metrics=("psnr", "ssim", "niqe"),
        ),
        # The remote-sensing papers: all channels, and sharpness.
        Protocol(
            "rgb_channels", "rgb", False, "once", "symmetric", True, False, compared="rgb",
            metrics=("psnr", "ssim", "average_gradient"),
        ),
    )
}  # fmt: skip


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


def degrade(protocol: Protocol, image: jax.Array, scale: int) -> tuple[jax.Array, jax.Array]:
    """Makes (low resolution, reference) out of images (N, H, W, 1 or 3) in [0, 1].

    Computed in float64, as the papers' MATLAB did.
    """
    with jax.enable_x64(True):
        lr, reference = _degrade(protocol, jnp.asarray(image, jnp.float64), scale)
        if protocol.jpeg_quality:
            files = images.from_float(lr)
            decoded = [images.jpeg_round_trip(file, protocol.jpeg_quality) for file in files]
            lr = jnp.asarray(np.stack(decoded) / 255.0)
        return lr, reference


def score(protocol: Protocol, reference: jax.Array, estimate: jax.Array, scale: int) -> dict:
    """Compares in float64: {metric: values}, each of the images' leading shape."""
    with jax.enable_x64(True):
        arrays = (jnp.asarray(x, jnp.float64) for x in (reference, estimate))
        reference, estimate = _comparable(protocol, *arrays)
        border = protocol.border(scale)
        return {
            name: METRICS[name](reference, estimate, border=border) for name in protocol.metrics
        }


@partial(jax.jit, static_argnums=(0, 2))
def _degrade(protocol, image, scale):
    reference = modcrop(image, scale)
    if protocol.colour == "y" and reference.shape[-1] == 3:
        reference = luminance(reference)
        if protocol.round_reference:
            reference = round_to_8bit(reference)
    lr = resize(reference, 1 / scale, rounding=protocol.lr_rounding, boundary=protocol.lr_boundary)
    return lr, reference


@partial(jax.jit, static_argnums=0)
def _comparable(protocol, reference, estimate):
    if protocol.round_output:
        estimate = round_to_8bit(estimate)
    if reference.shape[-1] == 3 and protocol.compared == "luminance":
        reference, estimate = luminance(reference), luminance(estimate)
        if protocol.round_luminance:
            reference, estimate = round_to_8bit(reference), round_to_8bit(estimate)
    return reference, estimate
