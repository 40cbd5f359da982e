"""Super-resolution, and at scale 1 any named degradation undone."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax.operators import resize, round_to_8bit
from imaging_jax.transforms import luminance
from train.data import degradations, images
from train.data.data_set import DataSet
from train.scoring.protocols.degraded import DegradedProtocol
from train.systems.equal_tiles import in_equal_tiles
from train.systems.system import System

# In low-resolution pixels: of a tile, and how far the stretched bicubic reaches.
_SIDE = 48
_REACH = 2


@dataclass(frozen=True)
class RestorationProtocol(DegradedProtocol):
    """One way of making the low-resolution image and of comparing.

    Attributes:
      colour: what the system is given, "y" or "rgb"; grey images are given as they are.
      round_reference: the reference luminance is rounded to 8 bits before it is degraded.
      lr_rounding: of the low-resolution image, as in `imaging_jax.operators.resize`.
      lr_boundary: likewise.
      round_output: the system's output is rounded to 8 bits.
      round_luminance: the luminance of both is rounded to 8 bits before they are compared.
      degradation: a name of `train.data.presets.PRESETS` that makes the measured image in
        place of the resizing, its random parts drawn from the image's index; or empty.
      jpeg_quality: of the JPEG file that the low-resolution image passes through; 0 for none.
      compared: "luminance", or "rgb" for all three channels.
      metrics: names of `train.scoring.metrics.METRICS`.
      ssim_window: words for the record; SSIM is that of Wang et al. 2004 in `valid` mode.
    """

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

    def baseline(self) -> str:
        """The system that shows what was given."""
        return f"given:{self.degradation}" if self.degradation else "bicubic"

    def border(self, value: int) -> int:
        """As many pixels as the scale."""
        return value

    def check(self, system: System, dataset: DataSet, value: int | None) -> None:
        """As `DegradedProtocol.check`; also where the system undoes another degradation."""
        check_undoes(system, self.name, self.degradation)
        super().check(system, dataset, value)

    def degrade(
        self, image: np.ndarray, value: int, indices: list[int]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Makes (low resolution, reference), in float64, as the papers' MATLAB did."""
        reference = in_equal_tiles(partial(_reference, self), modcropped(image, value))
        if self.degradation:
            return _by_preset(self.degradation, reference, value, indices)
        lr = _shrunk(self, reference, value)
        if self.jpeg_quality:
            files = images.from_float(lr)
            decoded = [images.jpeg_round_trip(file, self.jpeg_quality) for file in files]
            lr = np.stack(decoded) / 255.0
        return lr, reference

    def comparable(
        self, reference: np.ndarray, estimate: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Both by the colour and the roundings of the protocol."""
        return (
            in_equal_tiles(partial(_compared, self, False), reference),
            in_equal_tiles(partial(_compared, self, self.round_output), estimate),
        )


def check_undoes(system: System, protocol: str, degradation: str) -> None:
    """Raises a ValueError where a system undoes another degradation than a protocol's."""
    if system.undoes and degradation != system.undoes:
        raise ValueError(
            f"{system.name} ({system.weights}) undoes {system.undoes}; the protocol "
            f"{protocol} measures by {degradation or 'no named degradation'}"
        )


def modcropped(image: np.ndarray, scale: int) -> np.ndarray:
    """The upper left of images (N, H, W, C) whose sides are multiples of the scale."""
    height, width = image.shape[1:3]
    if min(height, width) < scale:
        raise ValueError(
            f"images: expected at least scale={scale} pixels a side, got {image.shape}"
        )
    return image[:, : height - height % scale, : width - width % scale]


@partial(jax.jit, static_argnums=0)
def _reference(protocol, image):
    if protocol.colour == "y" and image.shape[-1] == 3:
        image = luminance(image)
        if protocol.round_reference:
            image = round_to_8bit(image)
    return image


def _shrunk(protocol, reference, scale):
    return in_equal_tiles(
        partial(_shrink, protocol, scale),
        reference,
        side=_SIDE * scale,
        reach=_REACH * scale,
        mode={"symmetric": "symmetric", "clamp": "edge"}[protocol.lr_boundary],
    )


@partial(jax.jit, static_argnums=(0, 1))
def _shrink(protocol, scale, reference):
    rounding, boundary = protocol.lr_rounding, protocol.lr_boundary
    return resize(reference, 1 / scale, rounding=rounding, boundary=boundary)


def _by_preset(preset, reference, scale, indices):
    with jax.enable_x64(True):
        reference = degradations.reference(preset, jnp.asarray(reference))
        measured = _measured(preset, reference, scale, jnp.asarray(indices))
        target = degradations.target(preset, reference)
    return np.asarray(measured), np.asarray(target)


@partial(jax.jit, static_argnums=(0, 2))
def _measured(preset, reference, scale, indices):
    def degrade(index, image):
        return degradations.degrade(jax.random.key(index), image, preset, scale)

    return jax.vmap(degrade)(indices, reference)


@partial(jax.jit, static_argnums=(0, 1))
def _compared(protocol, rounded, image):
    if rounded:
        image = round_to_8bit(image)
    if image.shape[-1] == 3 and protocol.compared == "luminance":
        image = luminance(image)
        if protocol.round_luminance:
            image = round_to_8bit(image)
    return image
