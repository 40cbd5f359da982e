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
from train.data.data_set import DataSet
from train.data.fields import CUBE, Fields, check_fields
from train.scoring.protocols.images import OURS, ImageProtocol
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

    def measured(self, inputs: Mapping[str, np.ndarray], scale: int) -> np.ndarray | None:
        """Nothing: the baseline shows it."""
        return None

    def _views(self, system: System, dataset: DataSet, value, index) -> dict[str, np.ndarray]:
        inputs, clean = self.inputs(dataset, [index], value)
        ours = np.asarray(system.apply(inputs)["image"])
        cubes = {"noisy": inputs["image"], OURS: ours, "reference": clean}
        return {title: images.from_float(false_colours(cube[0])) for title, cube in cubes.items()}


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


def false_colours(cube: np.ndarray) -> np.ndarray:
    """Bands at three, two and one quarter of the range as red, green and blue, clipped."""
    bands = cube.shape[-1]
    return np.clip(cube[..., [3 * bands // 4, bands // 2, bands // 4]], 0, 1)
