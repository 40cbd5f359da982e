"""How a super-resolution system is scored: every choice that moves a digit, by name."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax.operators import modcrop, resize, round_to_8bit
from imaging_jax.transforms import luminance
from train.data import degradations, images
from train.scoring.protocols.measures import measure


@dataclass(frozen=True)
class SuperResolution:
    """One way of making the low-resolution image and of comparing.

    Attributes:
      name: as it stands in records.
      colour: what the system is given, "y" or "rgb"; grey images are given as they are.
      round_reference: the reference luminance is rounded to 8 bits before it is degraded.
      lr_rounding: of the low-resolution image, as in `imaging_jax.operators.resize`.
      lr_boundary: likewise.
      round_output: the system's output is rounded to 8 bits.
      round_luminance: the luminance of both is rounded to 8 bits before they are compared.
      degradation: a name of `train.data.degradations.PRESETS` that makes the measured image in
        place of the resizing, its random parts drawn from the image's index; or empty.
      jpeg_quality: of the JPEG file that the low-resolution image passes through; 0 for none.
      compared: "luminance", or "rgb" for all three channels.
      metrics: names of `train.scoring.protocols.measures.METRICS`.
      ssim_window: words for the record; SSIM is that of Wang et al. 2004 in `valid` mode.
    """

    name: str
    colour: str
    round_reference: bool
    lr_rounding: str
    lr_boundary: str
    round_output: bool
    round_luminance: bool
    degradation: str = ""
    jpeg_quality: int = 0
    compared: str = "luminance"
    metrics: tuple[str, ...] = ("psnr", "ssim")
    ssim_window: str = "gaussian 11x11 sigma 1.5"

    condition: ClassVar[str] = "scale"

    @property
    def baseline(self) -> str:
        """The system that shows what was given."""
        return f"given:{self.degradation}" if self.degradation else "bicubic"

    def border(self, scale: int) -> int:
        """Pixels left out on every side."""
        return scale

    def degrade(
        self, image: np.ndarray, scale: int, indices: list[int]
    ) -> tuple[jax.Array, jax.Array]:
        """Makes (low resolution, reference) out of images (N, H, W, 1 or 3) in [0, 1].

        Computed in float64, as the papers' MATLAB did.
        """
        with jax.enable_x64(True):
            reference = _reference(self, jnp.asarray(image, jnp.float64), scale)
            if self.degradation:
                reference = degradations.reference(self.degradation, reference)
                return _by_preset(self, reference, scale, jnp.asarray(indices)), reference
            lr = _resized(self, reference, scale)
            if self.jpeg_quality:
                files = images.from_float(lr)
                decoded = [images.jpeg_round_trip(file, self.jpeg_quality) for file in files]
                lr = jnp.asarray(np.stack(decoded) / 255.0)
            return lr, reference

    def score(self, reference: jax.Array, estimate: jax.Array, scale: int) -> dict:
        """Compares in float64: {metric: values}, each of the images' leading shape."""
        with jax.enable_x64(True):
            arrays = (jnp.asarray(x, jnp.float64) for x in (reference, estimate))
            reference, estimate = _comparable(self, *arrays)
            return measure(self.metrics, reference, estimate, self.border(scale))


@partial(jax.jit, static_argnums=(0, 2))
def _reference(protocol, image, scale):
    reference = modcrop(image, scale)
    if protocol.colour == "y" and reference.shape[-1] == 3:
        reference = luminance(reference)
        if protocol.round_reference:
            reference = round_to_8bit(reference)
    return reference


@partial(jax.jit, static_argnums=(0, 2))
def _resized(protocol, reference, scale):
    rounding, boundary = protocol.lr_rounding, protocol.lr_boundary
    return resize(reference, 1 / scale, rounding=rounding, boundary=boundary)


@partial(jax.jit, static_argnums=(0, 2))
def _by_preset(protocol, reference, scale, indices):
    def degrade(index, image):
        return degradations.degrade(jax.random.key(index), image, protocol.degradation, scale)

    return jax.vmap(degrade)(indices, reference)


@partial(jax.jit, static_argnums=0)
def _comparable(protocol, reference, estimate):
    if protocol.round_output:
        estimate = round_to_8bit(estimate)
    if reference.shape[-1] == 3 and protocol.compared == "luminance":
        reference, estimate = luminance(reference), luminance(estimate)
        if protocol.round_luminance:
            reference, estimate = round_to_8bit(reference), round_to_8bit(estimate)
    return reference, estimate
