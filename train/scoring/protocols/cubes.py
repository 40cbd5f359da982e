"""Hyperspectral cubes under noise, as their papers compare denoisers."""

import dataclasses
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import jax
import numpy as np

from imaging_jax.operators import qrnn3d_noise
from train.data import images
from train.data.cubes import false_colours
from train.data.data_set import DataSet
from train.data.fields import CUBE, Fields, check_fields
from train.scoring.curves import curves
from train.scoring.protocols.images import OURS, ImageProtocol, comparison, cut_out
from train.scoring.protocols.protocol import Shown
from train.systems.system import System


@dataclass(frozen=True)
class CubeProtocol(ImageProtocol):
    """Noise added to cubes in [0, 1]; nothing is clipped, rounded or left out.

    Systems are told nothing of it.

    Attributes:
      metrics: names of `train.scoring.metrics.METRICS`.
    """

    metrics: tuple[str, ...] = ("mpsnr", "mssim", "sam")

    reads: ClassVar[Fields] = {"image": CUBE}
    feeds: ClassVar[tuple[str, ...]] = ("image",)
    best: ClassVar[tuple[str, ...]] = ("mpsnr",)

    @abstractmethod
    def noisy(self, cube: np.ndarray, value: int, index: int) -> np.ndarray:
        """One cube (H, W, bands) under noise that its place in the set seeds."""

    def baseline(self) -> str:
        """The noisy cube, as it is."""
        return "identity"

    def check(self, system: System, dataset: DataSet, value: int | None) -> None:
        """As `ImageProtocol.check`; also where the system restores no cubes of these bands."""
        super().check(dataclasses.replace(system, options=None), dataset, value)
        if system.options is not None:
            whom = f"{system.name} ({system.weights})"
            check_fields(dataset.fields, {"image": system.takes["image"]}, dataset.name, whom)

    def inputs(
        self, dataset: DataSet, indices: list[int], value: int | None
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Noisy cubes, and the clean ones."""
        clean = [np.float64(dataset[index]["image"]) for index in indices]
        noisy = [self.noisy(x, value, index) for x, index in zip(clean, indices, strict=True)]
        return {"image": np.stack(noisy)}, np.stack(clean)

    def show(self, system: System, dataset: DataSet, value: int | None, count: int) -> Shown:
        """False colours of each cube, and the spectra of three of its pixels."""
        shown = Shown(sides=("before", OURS))
        for index in range(min(count, len(dataset))):
            cubes = self._cubes(system, dataset, value, index)
            views, sheet = colours_of(cubes), curves(_spectra(cubes))
            name = dataset.names[index]
            shown = dataclasses.replace(
                shown,
                pictures={**shown.pictures, name: comparison(views), f"{name}_spectra": sheet},
                previews={**shown.previews, name: cut_out(views), f"{name}_spectra": (sheet,)},
            )
        return shown

    def measured(self, inputs: Mapping[str, np.ndarray], scale: int) -> np.ndarray | None:
        """Nothing: the baseline shows it."""
        return None

    def _cubes(self, system, dataset, value, index) -> dict[str, np.ndarray]:
        inputs, clean = self.inputs(dataset, [index], value)
        ours = np.asarray(system.apply(inputs)["image"])
        return {"noisy": inputs["image"][0], OURS: ours[0], "reference": clean[0]}


def colours_of(cubes: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """False colours (H, W, 3) uint8 of cubes (H, W, bands) of one size, all stretched alike."""
    together = false_colours(np.concatenate([*cubes.values()], axis=1))
    pictures = np.split(images.from_float(together), len(cubes), axis=1)
    return dict(zip(cubes, pictures, strict=True))


def _spectra(cubes: dict[str, np.ndarray]) -> list[tuple[str, dict[str, np.ndarray]]]:
    """Three pixels of each cube, from the upper left to the lower right."""
    height, width, _ = cubes["reference"].shape
    places = [(height * part // 4, width * part // 4) for part in (1, 2, 3)]
    return [
        (f"row {row}, column {column}", {name: cube[row, column] for name, cube in cubes.items()})
        for row, column in places
    ]


@dataclass(frozen=True)
class CubeNoiseProtocol(CubeProtocol):
    """White noise of numpy's legacy generator, drawn band by band."""

    condition: ClassVar[str] = "sigma"

    def check(self, system: System, dataset: DataSet, value: int | None) -> None:
        """As `CubeProtocol.check`; also where the system serves other levels."""
        super().check(system, dataset, value)
        served = (system.options or {}).get("sigma")
        if served and value not in served:
            raise ValueError(f"sigma={value}: {system.weights} serves {served}")

    def noisy(self, cube: np.ndarray, value: int, index: int) -> np.ndarray:
        """Standard deviation `value`, of 255."""
        height, width, bands = cube.shape
        noise = np.random.RandomState(index).randn(bands, height, width)
        return cube + value / 255 * np.moveaxis(noise, 0, -1)


@dataclass(frozen=True)
class CubeCaseProtocol(CubeProtocol):
    """The complex cases 1 to 5 of `imaging_jax.operators.qrnn3d_noise`."""

    condition: ClassVar[str] = "case"

    def check(self, system: System, dataset: DataSet, value: int | None) -> None:
        """As `CubeProtocol.check`; also where there is no such case."""
        super().check(system, dataset, value)
        if value not in range(1, 6):
            raise ValueError(f"case={value}: wanted 1 to 5")

    def noisy(self, cube: np.ndarray, value: int, index: int) -> np.ndarray:
        """Case `value`, by the cube's place."""
        return np.float64(_case(jax.random.key(index), np.float32(cube), value))


_case = jax.jit(qrnn3d_noise, static_argnums=2)
