"""What protocols share that compare images with references, one by one."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from train.data import images
from train.data.data_set import DataSet
from train.scoring import pictures
from train.scoring.metrics import check_measurable, measure
from train.scoring.protocols.protocol import (
    Batch,
    Protocol,
    Shown,
    equal_batches,
    naming,
)
from train.systems.catalogue import system as open_system
from train.systems.system import System

OURS = "ours"
_SHOWN_AT_LEAST = 64


@dataclass(frozen=True)
class ImageProtocol(Protocol):
    """Has each item of a set restored to one image, and compares it with its reference.

    Attributes:
      metrics: names of `train.scoring.metrics.METRICS`; a cell holds their means over images.
    """

    wants: ClassVar[tuple[str, ...]] = ("image",)
    best: ClassVar[tuple[str, ...]] = ("psnr",)
    batched: ClassVar[bool] = True
    hint: ClassVar[str] = Shown.hint

    @abstractmethod
    def inputs(
        self, dataset: DataSet, indices: list[int], value: int | None
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Makes (inputs {field: (N, ...)}, reference (N, H, W, C)) of items of one size."""

    @abstractmethod
    def measured(self, inputs: Mapping[str, np.ndarray], scale: int) -> np.ndarray | None:
        """The first of the inputs as an image enlarged by `scale`; None where it can't be shown."""

    def comparable(
        self, reference: np.ndarray, estimate: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """What is compared of both, in float64."""
        return reference, estimate

    def border(self, value: int | None) -> int:
        """Pixels left out on every side."""
        del value
        return 0

    def check(self, system: System, dataset: DataSet, value: int | None) -> None:
        """As `Protocol.check`; also where a metric lacks what it needs on this machine."""
        super().check(system, dataset, value)
        check_measurable(self.metrics)

    def batches(
        self, system: System, dataset: DataSet, value: int | None, size: int
    ) -> Iterator[Batch]:
        """Batches of items of one size; a last one that isn't full is filled with repetitions."""
        del system
        for indices, filled in equal_batches(dataset, next(iter(self.reads)), size):
            with naming(dataset, indices):
                inputs, reference = self.inputs(dataset, filled, value)
            yield Batch(indices, inputs, reference)

    def score(self, batch: Batch, outputs: Mapping[str, Any], value: int | None) -> dict:
        """{"index", metric: values (N,)}, the repetitions left out."""
        (name,) = self.wants
        reference, estimate = (_in_double(x) for x in (batch.reference, outputs[name]))
        if reference.shape != estimate.shape:
            raise ValueError(f"wanted images {reference.shape}, the system gave {estimate.shape}")
        pair = self.comparable(reference, estimate)
        scores = measure(self.metrics, *pair, self.border(value))
        kept = {name: values[: len(batch.indices)] for name, values in scores.items()}
        return {"index": np.asarray(batch.indices), **kept}

    def rows(self, batch: Batch, found: dict) -> list[dict[str, float]]:
        """{metric: value} of each image."""
        return [
            {name: float(found[name][i]) for name in self.metrics}
            for i in range(len(batch.indices))
        ]

    def finish(self, found: list[dict], dataset: DataSet, value: int | None) -> dict[str, float]:
        """Means over images, added in the set's order whatever that of the batches was."""
        del dataset, value
        whole = {name: np.concatenate([part[name] for part in found]) for name in found[0]}
        order = np.argsort(whole["index"])
        return {name: float(np.mean(whole[name][order])) for name in self.metrics}

    def show(self, system: System, dataset: DataSet, value: int | None, count: int) -> Shown:
        """Each image's measurement, what the baseline makes of it, ours, and the reference."""
        shown = {
            dataset.names[index]: self._views(system, dataset, value, index)
            for index in range(min(count, len(dataset)))
        }
        return Shown(
            {name: comparison(views) for name, views in shown.items()},
            {name: cut_out(views) for name, views in shown.items()},
            ("before", OURS),
            self.hint,
        )

    def described(self, value: int | None) -> dict[str, Any]:
        """Every choice, and the border that is left out."""
        return {**super().described(value), "border": self.border(value)}

    def _views(self, system, dataset, value, index) -> dict[str, np.ndarray]:
        inputs, reference = self.inputs(dataset, [index], value)
        scale = self.options(value).get("scale", 1)
        measured = self.measured(inputs, scale)
        ours = system.apply(inputs, **self.options(value))
        views = {} if measured is None else {"measured": measured}
        if name := self.baseline():
            baseline = open_system(name).apply(inputs, **self.options(value))
            views[name] = np.asarray(baseline["image"])[0]
        views |= {OURS: np.asarray(ours["image"])[0], "reference": np.asarray(reference[0])}
        return {title: images.to_rgb(_levels(image)) for title, image in views.items()}


def _in_double(image: Any) -> np.ndarray:
    image = np.asarray(image)
    return image.astype(np.complex128 if np.iscomplexobj(image) else np.float64)


def _levels(image: np.ndarray) -> np.ndarray:
    return images.from_float(np.abs(image) if np.iscomplexobj(image) else image)


def comparison(views: dict[str, np.ndarray]) -> np.ndarray:
    """Draws titled pictures of one size beside each other, with their busiest part enlarged."""
    return pictures.comparison(list(views.items()), _busiest_square(views, _SHOWN_AT_LEAST))


def _busiest_square(views: dict[str, np.ndarray], side: int) -> tuple[int, int, int]:
    # Chosen by what ours is compared with, so that it shows strong edges and flatters nobody.
    image = views[_rival(views)]
    return pictures.busiest_square(image, min(side, *image.shape[:2]))


def _rival(views: dict[str, np.ndarray]) -> str:
    """The title that stands just before ours."""
    titles = list(views)
    return titles[titles.index(OURS) - 1]


def cut_out(views: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """A part of ours, and of the picture that stands just before it."""
    top, left, side = _busiest_square(views, 256)
    window = (slice(top, top + side), slice(left, left + side))
    return views[_rival(views)][window], views[OURS][window]
