"""How a super-resolution system is scored: every choice that moves a digit, by name."""

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp

from imaging_jax.metrics import psnr, ssim
from imaging_jax.operators import modcrop, resize, round_to_8bit
from imaging_jax.transforms import luminance


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
      ssim_window: words for the record; SSIM is that of Wang et al. 2004 in `valid` mode.
    """

    name: str
    colour: str
    round_reference: bool
    lr_rounding: str
    lr_boundary: str
    round_output: bool
    round_luminance: bool
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
        # EDSR, RDN: three colours, the low-resolution image is an 8-bit file; `rgb` has the
        # benchmarks' own files, bit for bit, the others those of a later MATLAB in double.
        Protocol("rgb", "rgb", False, "between_passes", "clamp", True, False),
        Protocol("rgb_y_double", "rgb", False, "once", "symmetric", True, False),
        Protocol("rgb_rounded_once", "rgb", False, "once", "symmetric", True, True),
    )
}


def degrade(protocol: Protocol, image: jax.Array, scale: int) -> tuple[jax.Array, jax.Array]:
    """Makes (low resolution, reference) out of images (..., H, W, 1 or 3) in [0, 1].

    Computed in float64, as the papers' MATLAB did.
    """
    with jax.enable_x64(True):
        return _degrade(protocol, jnp.asarray(image, jnp.float64), scale)


def score(protocol: Protocol, reference: jax.Array, estimate: jax.Array, scale: int) -> dict:
    """Compares in float64: {"psnr", "ssim"}, each of the images' leading shape."""
    with jax.enable_x64(True):
        arrays = (jnp.asarray(x, jnp.float64) for x in (reference, estimate))
        return _score(protocol, *arrays, scale)


@partial(jax.jit, static_argnums=(0, 2))
def _degrade(protocol, image, scale):
    reference = modcrop(image, scale)
    if protocol.colour == "y" and reference.shape[-1] == 3:
        reference = luminance(reference)
        if protocol.round_reference:
            reference = round_to_8bit(reference)
    lr = resize(reference, 1 / scale, rounding=protocol.lr_rounding, boundary=protocol.lr_boundary)
    return lr, reference


@partial(jax.jit, static_argnums=(0, 3))
def _score(protocol, reference, estimate, scale):
    if protocol.round_output:
        estimate = round_to_8bit(estimate)
    if reference.shape[-1] == 3:
        reference, estimate = luminance(reference), luminance(estimate)
        if protocol.round_luminance:
            reference, estimate = round_to_8bit(reference), round_to_8bit(estimate)
    border = protocol.border(scale)
    return {
        "psnr": psnr(reference, estimate, border=border),
        "ssim": ssim(reference, estimate, border=border),
    }
