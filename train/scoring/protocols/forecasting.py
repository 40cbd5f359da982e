"""How forecasts are scored: every step of a part, from what was known a horizon before."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from train.data.data_set import DataSet
from train.data.fields import Field, Fields, check_fields
from train.scoring.curves import curves
from train.scoring.protocols.protocol import Batch, Protocol, Shown
from train.systems.system import System

# Numbers of the histories that a system is given at once.
_CHUNK = 2_000_000
_FRAMES = Field((None, None, None, None), "float32", "frames")


@dataclass(frozen=True)
class ForecastingProtocol(Protocol):
    """Errors of images predicted so many steps ahead, over all steps, pixels and channels.

    The unbiased RMSE is that of each pixel over time without its bias; their mean counts. R² is by
    the variance of all that came; the skill is 1 - MSE / MSE of persistence.
    """

    reads: ClassVar[Fields] = {
        "series": _FRAMES,
        "climatology": _FRAMES,
        "deviation": Field((), "float32", "figure"),
        "years": Field((None,), "float64", "series"),
        "first": Field((), "int32", "figure"),
    }
    feeds: ClassVar[tuple[str, ...]] = ("history",)
    wants: ClassVar[tuple[str, ...]] = ("frame",)
    condition: ClassVar[str] = "horizon"
    told: ClassVar[bool] = True
    usual: ClassVar[tuple[int, ...]] = (1,)
    best: ClassVar[tuple[str, ...]] = ("rmse",)

    def baseline(self) -> str:
        """The last image."""
        return "persistence"

    def check(self, system: System, dataset: DataSet, value: int | None) -> None:
        """As `Protocol.check`; also of other images, or a part without enough steps before it."""
        super().check(system, dataset, value)
        whom = f"{system.name} ({system.weights})"
        length, *shape = system.takes["history"].shape
        series = {"series": Field((None, *shape), "float32", "frames")}
        check_fields(dataset.fields, series, dataset.name, whom)
        first = int(dataset[0]["first"])
        if not first:
            raise ValueError(
                f"{dataset.name} is learnt from; wanted a part to score, held_back or test"
            )
        if first < length + value - 1:
            raise ValueError(
                f"horizon={value}: {whom} looks at {length} steps, {dataset.name} has {first} "
                "before those to predict"
            )

    def batches(
        self, system: System, dataset: DataSet, value: int | None, size: int
    ) -> Iterator[Batch]:
        """Histories of all targets, as many together as memory takes, and what came."""
        del size
        item = dataset[0]
        steps = len(item["series"])
        length = system.takes["history"].shape[0]
        chunk = max(1, _CHUNK // (length * item["series"][0].size))
        for start in range(int(item["first"]), steps, chunk):
            targets = np.arange(start, min(start + chunk, steps))
            # (N, length): the steps of each history.
            seen = targets[:, None] - value - np.arange(length)[::-1]
            offered = {
                "history": item["series"][seen],
                "climatology": item["climatology"][np.concatenate([seen, targets[:, None]], 1)],
                "deviation": np.full(len(targets), item["deviation"]),
                "year": item["years"][targets],
            }
            inputs = {name: offered[name] for name in system.takes}
            last = item["series"][targets - value]
            yield Batch([0], inputs, (item["series"][targets], last))

    def score(self, batch: Batch, outputs: Mapping[str, Any], value: int | None) -> tuple:
        """What came, what was predicted, and the last image."""
        del value
        came, last = batch.reference
        return tuple(np.asarray(x, np.float64) for x in (came, outputs["frame"], last))

    def finish(self, found: list[tuple], dataset: DataSet, value: int | None) -> dict[str, float]:
        """{"rmse", "mae", "bias", "ubrmse", "r2", "skill"}."""
        del dataset, value
        came, predicted, last = (np.concatenate(parts) for parts in zip(*found, strict=True))
        error = predicted - came
        by_pixel = np.mean(error**2, axis=0) - np.mean(error, axis=0) ** 2
        squared = np.mean(error**2)
        return {
            "rmse": float(np.sqrt(squared)),
            "mae": float(np.mean(np.abs(error))),
            "bias": float(np.mean(error)),
            "ubrmse": float(np.mean(np.sqrt(np.maximum(by_pixel, 0)))),
            "r2": float(1 - squared / np.var(came)),
            "skill": float(1 - squared / np.mean((last - came) ** 2)),
        }

    def show(self, system: System, dataset: DataSet, value: int | None, count: int) -> Shown:
        """The forecasts over time: the mean of the pixels, and the one in the middle."""
        del count
        options = self.options(value)
        found = [
            self.score(batch, system.apply(batch.inputs, **options), value)
            for batch in self.batches(system, dataset, value, 1)
        ]
        came, ours, last = (np.concatenate(parts) for parts in zip(*found, strict=True))
        named = {"persistence": last, "ours": ours, "came": came}
        height, width = came.shape[1:3]
        panels = [
            ("mean of the pixels", {n: x[..., 0].mean(axis=(1, 2)) for n, x in named.items()}),
            ("middle pixel", {n: x[:, height // 2, width // 2, 0] for n, x in named.items()}),
        ]
        sheet = curves(panels)
        return Shown({"forecasts": sheet}, {"forecasts": (sheet,)})
