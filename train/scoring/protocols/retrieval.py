"""How well images of a class are found by one of them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from imaging_jax.metrics import (
    average_precisions,
    nmrr,
    precision_at,
    ranked_relevance,
    unit_vectors,
)
from train.data.data_set import DataSet
from train.data.fields import PICTURE, Field, Fields
from train.data.images import from_float, to_rgb
from train.scoring import pictures
from train.scoring.protocols.protocol import Batch, Protocol, Shown
from train.systems.descriptors import images_at_once
from train.systems.system import System

_QUERIES = 256
_SHOWN_QUERIES, _SHOWN_FOUND = 6, 8


def _cosine(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return 1 - unit_vectors(x) @ unit_vectors(y).T


def _euclidean(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    squares = np.sum(x**2, axis=1)[:, None] + np.sum(y**2, axis=1)[None] - 2 * x @ y.T
    return np.maximum(squares, 0)


def _manhattan(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.stack([np.abs(row - y).sum(axis=1) for row in x])


# Of bits as -1 and 1, the first two order as Hamming's distance does.
DISTANCES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "cosine": _cosine,
    "euclidean": _euclidean,
    "manhattan": _manhattan,
}


@dataclass(frozen=True)
class RetrievalProtocol(Protocol):
    """Every image of a set asks for the others, which are ordered by the distance of their codes.

    Attributes:
      distance: a name of DISTANCES, rounded to nine digits so that equal codes stay equal.
    """

    distance: str = "cosine"

    reads: ClassVar[Fields] = {"image": PICTURE, "label": Field((), "int32", "label")}
    feeds: ClassVar[tuple[str, ...]] = ("image",)
    wants: ClassVar[tuple[str, ...]] = ("codes",)
    best: ClassVar[tuple[str, ...]] = ("mean_average_precision",)

    def check(self, system: System, dataset: DataSet, value: int | None) -> None:
        """As `Protocol.check`; also where images are of several sizes."""
        super().check(system, dataset, value)
        dataset.check_one_size()

    def batches(
        self, system: System, dataset: DataSet, value: int | None, size: int
    ) -> Iterator[Batch]:
        """The set in chunks, of which one is held at a time."""
        del system, value, size
        white = np.float32(dataset.fields["image"].white)
        chunk = images_at_once(dataset.fields["image"].shape)
        for start in range(0, len(dataset), chunk):
            indices = range(start, min(start + chunk, len(dataset)))
            found = dataset.together(("image", "label"), indices)
            yield Batch(
                indices, {"image": found["image"].astype(np.float32) / white}, found["label"]
            )

    def score(
        self, batch: Batch, outputs: Mapping[str, Any], value: int | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Labels and codes."""
        del value
        return batch.reference, np.asarray(outputs["codes"], np.float64)

    def finish(self, found: list[Any], dataset: DataSet, value: int | None) -> dict[str, float]:
        """Means over queries: {"mean_average_precision", "precision_at_1", …_3, …_10, "anmrr"}."""
        del dataset, value
        labels, codes = (np.concatenate([part[i] for part in found]) for i in (0, 1))
        most = int(np.bincount(labels).max()) - 1
        values: dict[str, list[np.ndarray]] = {}
        for start in range(0, len(codes), _QUERIES):
            own = np.arange(start, min(start + _QUERIES, len(codes)))
            relevant = ranked_relevance(
                self._distances(codes[own], codes), labels[own], labels, own
            )
            by_query = {"mean_average_precision": average_precisions(relevant)}
            by_query |= {f"precision_at_{k}": precision_at(relevant, k) for k in (1, 3, 10)}
            by_query["anmrr"] = nmrr(relevant, most)
            for name, each in by_query.items():
                values.setdefault(name, []).append(each)
        return {name: float(np.mean(np.concatenate(parts))) for name, parts in values.items()}

    def show(self, system: System, dataset: DataSet, value: int | None, count: int) -> Shown:
        """Some images, each before those that are nearest to it."""
        del count
        outputs = [
            self.score(batch, system.apply(batch.inputs), value)
            for batch in self.batches(system, dataset, value, 1)
        ]
        codes = np.concatenate([part[1] for part in outputs])
        queries = np.linspace(0, len(codes) - 1, _SHOWN_QUERIES).astype(int)
        distances = self._distances(codes[queries], codes)
        distances[np.arange(len(queries)), queries] = -np.inf
        order = np.argsort(distances, axis=1, kind="stable")[:, : _SHOWN_FOUND + 1]
        shown = np.stack([
            to_rgb(from_float(dataset.stacked("image", [index])[0])) for index in order.ravel()
        ])  # fmt: skip
        sheet = pictures.grid(shown, order.shape[1])
        return Shown({"found": sheet}, {"each image, and what is nearest to it": (sheet,)})

    def _distances(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return np.round(DISTANCES[self.distance](x, y), 9)
