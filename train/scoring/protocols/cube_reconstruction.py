"""Hyperspectral cubes made of what was measured of them: a colour image, or a coded snapshot."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import numpy as np

from imaging_jax.operators import cassi
from train.data import coded_masks, images
from train.data.data_set import DataSet
from train.data.fields import CUBE, Fields, check_fields, cubes_of
from train.data.spectral_response import colour_image
from train.scoring.protocols.cubes import colours_of
from train.scoring.protocols.images import OURS, ImageProtocol
from train.systems.catalogue import system as open_system
from train.systems.system import System


@dataclass(frozen=True)
class CubeReconstructionProtocol(ImageProtocol):
    """Has cubes made again of a measurement, and shows them in false colours.

    Attributes:
      metrics: names of `train.scoring.metrics.METRICS`.
    """

    metrics: tuple[str, ...] = ()

    reads: ClassVar[Fields] = {"image": CUBE}

    @abstractmethod
    def measurement(self, cubes: np.ndarray) -> dict[str, np.ndarray]:
        """Makes inputs {field: (N, ...)} of cubes (N, H, W, bands) in float32."""

    def check(self, system: System, dataset: DataSet, value: int | None) -> None:
        """As `ImageProtocol.check`; also where the system makes cubes of other bands."""
        super().check(system, dataset, value)
        whom = f"{system.name} ({system.weights})"
        check_fields(dataset.fields, {"image": system.gives["image"]}, dataset.name, whom)

    def inputs(
        self, dataset: DataSet, indices: list[int], value: int | None
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """What is measured of cubes, and the cubes."""
        del value
        cubes = np.stack([np.float32(dataset[index]["image"]) for index in indices])
        return self.measurement(cubes), cubes

    def _views(self, system: System, dataset: DataSet, value, index) -> dict[str, np.ndarray]:
        inputs, cubes = self.inputs(dataset, [index], value)
        made = {self.baseline(): open_system(self.baseline()), OURS: system}
        views = {name: np.asarray(x.apply(inputs)["image"]) for name, x in made.items()}
        views["reference"] = cubes
        colours = colours_of({name: cubes[0] for name, cubes in views.items()})
        shown = self.measured(inputs, 1)
        return colours if shown is None else {"measured": images.from_float(shown), **colours}


@dataclass(frozen=True)
class SpectralReconstructionProtocol(CubeReconstructionProtocol):
    """Cubes of 31 bands of their 8-bit colour images, as the NTIRE challenges scored them.

    Outputs are clipped to [0, 1], of all metrics where the challenge does so of PSNR. The colour
    image is that of `train.data.spectral_response`, labels in MRAE are 1e-3 at least, and PSNR is
    of all bands jointly.
    """

    metrics: tuple[str, ...] = ("mrae", "rmse", "psnr")

    reads: ClassVar[Fields] = {"image": cubes_of(31)}
    feeds: ClassVar[tuple[str, ...]] = ("image",)
    best: ClassVar[tuple[str, ...]] = ("mrae",)

    def baseline(self) -> str:
        """The quadratic regression of bands by colours, of as many cubes as it gains by.

        Fitted to the four of made_cubes:64:31 it has an MRAE of 0.091 on made_cubes_test:64:31, to
        these 100 one of 0.067, to 300 the same.
        """
        return "rgb_regression:2:made_cubes:32:31:100"

    def comparable(
        self, reference: np.ndarray, estimate: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The estimate clipped."""
        return reference, np.clip(estimate, 0, 1)

    def measurement(self, cubes: np.ndarray) -> dict[str, np.ndarray]:
        """The colour images."""
        return {"image": np.asarray(_colour_image(cubes))}

    def measured(self, inputs: Mapping[str, np.ndarray], scale: int) -> np.ndarray | None:
        """The colour image."""
        return inputs["image"][0]


@dataclass(frozen=True)
class SnapshotImagingProtocol(CubeReconstructionProtocol):
    """Cubes of their coded snapshots, without noise; the mask is its upper left corner.

    MPSNR is of [0, 1], where the authors of MST round to multiples of 1/256 and take 255/256 as
    the peak, which is 0.03 dB less. Nothing is clipped.

    Attributes:
      mask: a name of `train.data.coded_masks.MASKS`.
    """

    mask: str = "staged"
    metrics: tuple[str, ...] = ("mpsnr", "mssim")

    feeds: ClassVar[tuple[str, ...]] = ("snapshot", "mask")
    best: ClassVar[tuple[str, ...]] = ("mpsnr",)

    def baseline(self) -> str:
        """Total variation, as snapshots are undone without training."""
        return "gap_tv"

    def check(self, system: System, dataset: DataSet, value: int | None) -> None:
        """As `CubeReconstructionProtocol.check`; also where the mask is missing."""
        super().check(system, dataset, value)
        coded_masks.coded_mask(self.mask)

    def measurement(self, cubes: np.ndarray) -> dict[str, np.ndarray]:
        """The snapshots, and the mask of each.

        Raises:
          ValueError: cubes larger than the mask.
        """
        count, height, width, _ = cubes.shape
        if max(height, width) > coded_masks.SIDE:
            raise ValueError(
                f"wanted cubes of {coded_masks.SIDE} pixels a side at most, as the mask has, got "
                f"{cubes.shape[1:]}"
            )
        mask = coded_masks.coded_mask(self.mask)[:height, :width]
        masks = np.broadcast_to(mask, (count, height, width))
        return {"snapshot": np.asarray(_cassi(cubes, mask)), "mask": masks}

    def measured(self, inputs: Mapping[str, np.ndarray], scale: int) -> np.ndarray | None:
        """A snapshot is wider than its cube."""
        return None

    def described(self, value: int | None) -> dict[str, Any]:
        """Every choice, and a digest of the mask."""
        return {**super().described(value), "mask_sha256": coded_masks.sha256(self.mask)}


_colour_image, _cassi = jax.jit(colour_image), jax.jit(cassi)
