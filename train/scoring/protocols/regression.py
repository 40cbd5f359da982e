"""How numbers told of items are scored: over a whole set."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from train.data.data_set import DataSet
from train.data.fields import Field, Fields, check_fields
from train.scoring.curves import scatter
from train.scoring.protocols.protocol import Batch, Protocol, Shown
from train.systems.system import System

_CHUNK, _SHOWN = 500, 300


@dataclass(frozen=True)
class RegressionProtocol(Protocol):
    """Errors over all items; the unbiased RMSE has the common bias taken off."""

    reads: ClassVar[Fields] = {"target": Field((None,), "float32", "figure")}
    feeds: ClassVar[tuple[str, ...]] = ()
    wants: ClassVar[tuple[str, ...]] = ("value",)
    best: ClassVar[tuple[str, ...]] = ("rmse",)

    def check(self, system: System, dataset: DataSet, value: int | None) -> None:
        """As `Protocol.check`; also where the set lacks what the system takes."""
        super().check(system, dataset, value)
        wanted = {**system.takes, "target": system.gives["value"]}
        check_fields(dataset.fields, wanted, dataset.name, f"{system.name} ({system.weights})")

    def batches(
        self, system: System, dataset: DataSet, value: int | None, size: int
    ) -> Iterator[Batch]:
        """The set in chunks."""
        del value, size
        arrays = dataset.arrays
        for start in range(0, len(dataset), _CHUNK):
            part = slice(start, start + _CHUNK)
            inputs = {name: arrays[name][part] for name in system.takes}
            yield Batch(range(len(dataset))[part], inputs, arrays["target"][part])

    def score(self, batch: Batch, outputs: Mapping[str, Any], value: int | None) -> np.ndarray:
        """(2, N, outputs): what is wanted and what was told."""
        del value
        pair = np.asarray(batch.reference), np.asarray(outputs["value"])
        return np.stack([x.astype(np.float64) for x in pair])

    def finish(
        self, found: list[np.ndarray], dataset: DataSet, value: int | None
    ) -> dict[str, float]:
        """{"mse", "rmse", "mae", "bias", "ubrmse", "correlation"}; no correlation of constants."""
        del dataset, value
        return errors(*np.concatenate(found, axis=1))

    def show(self, system: System, dataset: DataSet, value: int | None, count: int) -> Shown:
        """The first items: what is wanted, across, and what was told."""
        del count
        batch = next(self.batches(system, dataset, value, 1))
        wanted, told = self.score(batch, system.apply(batch.inputs), value).reshape(2, -1)
        sheet = scatter(wanted[:_SHOWN], told[:_SHOWN])
        return Shown({"values": sheet}, {"told, by what is wanted": (sheet,)})


def errors(wanted: np.ndarray, told: np.ndarray) -> dict[str, float]:
    """Figures of numbers told instead of those wanted, of one shape."""
    error = told - wanted
    squared, bias = np.mean(error**2), np.mean(error)
    flat = min(wanted.std(), told.std()) <= 1e-9 * max(1.0, np.abs(wanted).max())
    correlation = (
        {} if flat else {"correlation": float(np.corrcoef(wanted.ravel(), told.ravel())[0, 1])}
    )
    return {
        "mse": float(squared),
        "rmse": float(np.sqrt(squared)),
        "mae": float(np.mean(np.abs(error))),
        "bias": float(bias),
        "ubrmse": float(np.sqrt(max(squared - bias**2, 0))),
        **correlation,
    }
