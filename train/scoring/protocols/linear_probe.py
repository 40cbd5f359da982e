"""What frozen features know of classes, by probes fitted to few labels, and to all."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from imaging_jax.metrics import (
    linear_scores,
    logistic_probe,
    neighbour_probe,
    ridge_probe,
    standardize,
    unit_vectors,
)
from train.data.data_set import DataSet
from train.data.data_sets import data_set
from train.data.fields import PICTURE, Field, Fields
from train.data.images import from_float, to_rgb
from train.data.probe_sets import FITTED_TO
from train.scoring import pictures
from train.scoring.protocols.protocol import Batch, Protocol, Shown
from train.systems.system import System

_CHUNK = 500
# Of the labels that a probe is fitted to, every so many one chooses its weight.
_HELD_BACK = 5
_SHOWN = 6


@dataclass(frozen=True)
class LinearProbeProtocol(Protocol):
    """Accuracies of ridge, logistic regression and 20 neighbours on standardised frozen features.

    Probes see the first images of the set that they are fitted to, as many as the condition says,
    or all where there are fewer; each fifth of these chooses the weight of the squares, and is then
    fitted, too.
    """

    reads: ClassVar[Fields] = {"image": PICTURE, "label": Field((), "int32", "label")}
    feeds: ClassVar[tuple[str, ...]] = ("image",)
    wants: ClassVar[tuple[str, ...]] = ("codes",)
    condition: ClassVar[str] = "labels"
    usual: ClassVar[tuple[int, ...]] = (100, 1_000)
    best: ClassVar[tuple[str, ...]] = ("logistic_accuracy",)

    def check(self, system: System, dataset: DataSet, value: int | None) -> None:
        """As `Protocol.check`; also where a set isn't one of `train.data.probe_sets.probe`."""
        super().check(system, dataset, value)
        if FITTED_TO not in dataset.assets:
            raise ValueError(
                f"{dataset.name} has no set that probes are fitted to; wanted "
                f"probe:<set to fit to>@{dataset.name}"
            )
        classes = dataset.fields["label"].range[1]
        if value < 2 * classes:
            raise ValueError(f"labels={value}: wanted {2 * classes} at least, two a class")

    def batches(
        self, system: System, dataset: DataSet, value: int | None, size: int
    ) -> Iterator[Batch]:
        """The set in chunks; with the first come codes and labels of what probes are fitted to."""
        del size
        fitted = data_set(dataset.assets[FITTED_TO])
        count = min(value, len(fitted))
        chunks = [_chunk(fitted, start, count) for start in range(0, count, _CHUNK)]
        codes = [np.asarray(system.apply({"image": images})["codes"]) for images, _ in chunks]
        known = np.concatenate(codes), np.concatenate([labels for _, labels in chunks])
        for start in range(0, len(dataset), _CHUNK):
            images, labels = _chunk(dataset, start, len(dataset))
            indices = range(start, start + len(labels))
            yield Batch(indices, {"image": images}, (labels, None if start else known))

    def score(
        self, batch: Batch, outputs: Mapping[str, Any], value: int | None
    ) -> tuple[np.ndarray, np.ndarray, Any]:
        """Codes, labels, and with the first chunk what probes are fitted to."""
        del value
        labels, known = batch.reference
        return np.asarray(outputs["codes"], np.float64), labels, known

    def finish(self, found: list[Any], dataset: DataSet, value: int | None) -> dict[str, float]:
        """{"ridge_accuracy", "logistic_accuracy", "neighbour_accuracy"}."""
        del value
        classes = int(dataset.fields["label"].range[1])
        train, train_labels = found[0][2]
        codes, labels = (np.concatenate([part[i] for part in found]) for i in (0, 1))
        own, (others,) = standardize(train, codes)
        chooses = np.arange(len(own)) % _HELD_BACK == 0
        accuracies = {}
        for name, fit in (("ridge", ridge_probe), ("logistic", logistic_probe)):
            fitted = fit(own, train_labels, classes, chooses)
            told = linear_scores(others, fitted).argmax(axis=1)
            accuracies[f"{name}_accuracy"] = float(np.mean(told == labels))
        told = neighbour_probe(own, train_labels, classes, others)
        return {**accuracies, "neighbour_accuracy": float(np.mean(told == labels))}

    def show(self, system: System, dataset: DataSet, value: int | None, count: int) -> Shown:
        """The first images, each before those of the fitted set that are nearest to it."""
        fitted = data_set(dataset.assets[FITTED_TO])
        images, _ = _chunk(fitted, 0, min(value, len(fitted), _CHUNK))
        asked, _ = _chunk(dataset, 0, min(len(dataset), max(count, _SHOWN)))
        x, y = (
            unit_vectors(np.asarray(system.apply({"image": v})["codes"])) for v in (asked, images)
        )
        nearest = np.argsort(-(x @ y.T), axis=1)[:, :_SHOWN]
        rows = np.concatenate([asked[:, None], images[nearest]], axis=1)
        sheet = pictures.grid(
            np.stack([to_rgb(from_float(image)) for row in rows for image in row]), _SHOWN + 1
        )
        return Shown({"nearest": sheet}, {"images, and what is nearest to each": (sheet,)})


def _chunk(found: DataSet, start: int, end: int) -> tuple[np.ndarray, np.ndarray]:
    indices = range(start, min(start + _CHUNK, end))
    chunk = found.together(("image", "label"), indices)
    return (chunk["image"] / found.fields["image"].white).astype(np.float32), chunk["label"]
