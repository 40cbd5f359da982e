"""How well a map of change tells what has changed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from imaging_jax.metrics import precision_recall_curve
from train.data.data_set import DataSet
from train.data.fields import CUBE, Field, Fields, class_map
from train.data.images import from_float, to_rgb
from train.scoring import pictures
from train.scoring.protocols.protocol import Batch, Protocol, Shown, equal_batches
from train.systems.system import System
from train.tasks.change_detection import check_same_bands

# Pixels a side of what is enlarged, and the bands that are red, green and blue.
_SHOWN, _COLOURS = 32, ("B4", "B3", "B2")


@dataclass(frozen=True)
class ChangeProtocol(Protocol):
    """Areas under precision and recall of all pixels of a set together.

    Pixels that are neither 0 nor 1, such as clouds, don't count. The area of scores that say
    nothing is the share of what has changed, which stands beside.
    """

    reads: ClassVar[Fields] = {
        "before": Field((None, None, None, None), "float32", "frames"),
        "image": CUBE,
        "change": class_map(2),
    }
    feeds: ClassVar[tuple[str, ...]] = ("before", "image")
    wants: ClassVar[tuple[str, ...]] = ("change",)
    best: ClassVar[tuple[str, ...]] = ("auprc",)
    batched: ClassVar[bool] = True

    def check(self, system: System, dataset: DataSet, value: int | None) -> None:
        """As `Protocol.check`; also where the system was made for other bands."""
        super().check(system, dataset, value)
        wanted, found = (x.assets.get("bands") for x in (system, dataset))
        if wanted:
            check_same_bands(wanted, found, dataset.name, f"{system.name} ({system.weights})")

    def baseline(self) -> str:
        """The mean distance of a tile's pixels to those of the date before."""
        return "pixel_change:euclidean:1"

    def batches(
        self, system: System, dataset: DataSet, value: int | None, size: int
    ) -> Iterator[Batch]:
        """Places of one size."""
        del system, value
        for indices, filled in equal_batches(dataset, "image", size):
            items = [dataset[index] for index in filled]
            inputs = {name: np.stack([item[name] for item in items]) for name in self.feeds}
            yield Batch(indices, inputs, np.stack([item["change"] for item in items]))

    def score(
        self, batch: Batch, outputs: Mapping[str, Any], value: int | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Labels and scores of the pixels that count, the repetitions left out."""
        del value
        labels = batch.reference[: len(batch.indices)]
        scores = np.asarray(outputs["change"], np.float64)[: len(batch.indices)]
        counts = labels < 2
        return labels[counts], scores[counts]

    def finish(self, found: list[Any], dataset: DataSet, value: int | None) -> dict[str, float]:
        """{"auprc", "average_precision", "f1", "precision_at_full_recall", "prevalence"}."""
        del value
        labels, scores = (np.concatenate([part[i] for part in found]) for i in (0, 1))
        if not labels.any():
            raise ValueError(f"{dataset.name}: nothing has changed there; wanted some pixels of 1")
        curve = precision_recall_curve(labels, scores)
        return {
            "auprc": curve.area,
            "average_precision": curve.average_precision,
            "f1": curve.best_f1[0],
            "precision_at_full_recall": float(curve.precision[np.argmax(curve.recall)]),
            "prevalence": float(labels.mean()),
        }

    def show(self, system: System, dataset: DataSet, value: int | None, count: int) -> Shown:
        """The last date before, the place, what is told and what has changed."""
        del value
        shown = {}
        for index in range(min(count, len(dataset))):
            item = dataset[index]
            inputs = {name: item[name][None] for name in self.feeds}
            told = np.asarray(system.apply(inputs)["change"])[0]
            shown[dataset.names[index]] = change_views(item, told, dataset.assets.get("bands", ()))
        sheets = {
            name: pictures.comparison(
                [(title, to_rgb(from_float(view))) for title, view in views.items()],
                pictures.busiest_square(to_rgb(from_float(views["after"])), _SHOWN),
            )
            for name, views in shown.items()
        }
        return Shown(
            {f"place_{name}": sheet for name, sheet in sheets.items()},
            {f"place {name}": (sheet,) for name, sheet in sheets.items()},
        )


def change_views(
    item: Mapping[str, np.ndarray], told: np.ndarray, bands: Sequence[str]
) -> dict[str, np.ndarray]:
    """Pictures of a place, one brightness for all dates, and of its change from black to white.

    Args:
      item: of a set.
      told: (H, W, 1).
      bands: names of the item's; of others than red, green and blue the first is shown.
    """
    named = all(band in bands for band in _COLOURS)
    shown = [list(bands).index(band) for band in _COLOURS] if named else [0]
    colours = [x[..., shown] for x in (item["before"][-1], item["image"])]
    brightest = max(np.quantile(x, 0.99) for x in colours) or 1.0
    low, high = told.min(), told.max()
    scaled = (told - low) / (high - low if high > low else 1)
    return {
        "before": colours[0] / brightest,
        "after": colours[1] / brightest,
        "told": scaled,
        "changed": np.clip(item["change"], 0, 1).astype(np.float64),
    }
