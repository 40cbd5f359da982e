"""How soil moisture is scored: at places, by how much grows there, and over areas."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from train.data.data_set import DataSet
from train.data.fields import Field, Fields
from train.scoring import pictures
from train.scoring.protocols.protocol import Batch, Shown
from train.scoring.protocols.regression import RegressionProtocol
from train.systems.system import System

# Water in plants, in kg/m².
_CLASSES = {"rmse_sparse": (0, 1), "rmse_middle": (1, 3), "rmse_dense": (3, 5)}
# Pixels a side of a picture at least, and the moistures between which it is painted.
_SHOWN, _ENDS = 192, (0.02, 0.5)


@dataclass(frozen=True)
class SoilMoistureProtocol(RegressionProtocol):
    """Errors in m³/m³ at places; also where plants hold up to 1, 1 to 3, and 3 to 5 kg/m²."""

    reads: ClassVar[Fields] = {
        **RegressionProtocol.reads,
        "vegetation": Field((1,), "float32", "figure"),
    }

    def finish(
        self, found: list[np.ndarray], dataset: DataSet, value: int | None
    ) -> dict[str, float]:
        """As `RegressionProtocol.finish`, and an RMSE of each class that has places."""
        wanted, told = np.concatenate(found, axis=1)
        water = dataset.arrays["vegetation"][:, 0]
        by_class = {
            name: float(np.sqrt(np.mean((told - wanted)[(low <= water) & (water <= high)] ** 2)))
            for name, (low, high) in _CLASSES.items()
            if np.any((low <= water) & (water <= high))
        }
        return {**super().finish(found, dataset, value), **by_class}


@dataclass(frozen=True)
class SoilMoistureFieldsProtocol(RegressionProtocol):
    """Errors in m³/m³ over all pixels of areas, beside coarse estimates enlarged."""

    reads: ClassVar[Fields] = {"target": Field((None, None, 1), "float32", "image")}

    def baseline(self) -> str:
        """Coarse estimates enlarged bicubically, which is harder to beat than repeated ones."""
        return "coarse_bicubic"

    def show(self, system: System, dataset: DataSet, value: int | None, count: int) -> Shown:
        """Areas: the moisture, and what was told of it."""
        batch: Batch = next(self.batches(system, dataset, value, 1))
        first: Mapping[str, Any] = {n: x[:count] for n, x in batch.inputs.items()}
        told = np.asarray(system.apply(first)["value"])
        shown, previews = {}, {}
        for index in range(len(told)):
            pair = [
                pictures.enlarge(
                    pictures.in_colours(field[..., 0], *_ENDS), -(-_SHOWN // field.shape[0])
                )
                for field in (batch.reference[index], told[index])
            ]
            name = dataset.names[index]
            shown[name] = np.concatenate(pair, axis=1)
            previews[name] = tuple(pair)
        return Shown(shown, previews, ("moisture", "told"))
