"""How a classifier is scored: over a whole set of images and labels."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy.special import log_softmax

from train.data.data_set import DataSet
from train.data.fields import PICTURE, Field, Fields, check_fields
from train.scoring import pictures
from train.scoring.protocols.protocol import Batch, Protocol, Shown
from train.systems.system import System

_CHUNK = 1_000


@dataclass(frozen=True)
class ClassificationProtocol(Protocol):
    """The share of images whose largest score is that of their label, and the cross-entropy."""

    reads: ClassVar[Fields] = {"image": PICTURE, "label": Field((), "int32", "label")}
    feeds: ClassVar[tuple[str, ...]] = ("image",)
    wants: ClassVar[tuple[str, ...]] = ("scores",)
    best: ClassVar[tuple[str, ...]] = ("accuracy",)

    def check(self, system: System, dataset: DataSet, value: int | None) -> None:
        """As `Protocol.check`; also where the set's images or classes aren't the system's."""
        super().check(system, dataset, value)
        classes = system.gives["scores"].shape[0]
        wanted = {
            "image": system.takes["image"],
            "label": Field((), "int32", "label", (0, classes)),
        }
        check_fields(dataset.fields, wanted, dataset.name, f"{system.name} ({system.weights})")
        dataset.check_one_size()
        named, learnt = (x.assets.get("classes") for x in (dataset, system))
        if learnt and named and learnt != named:
            raise ValueError(
                f"{dataset.name} has the classes {', '.join(named)}; {system.weights} learnt "
                f"{', '.join(learnt)}"
            )

    def batches(
        self, system: System, dataset: DataSet, value: int | None, size: int
    ) -> Iterator[Batch]:
        """The set in chunks."""
        del system, value, size
        images, labels = dataset.floats("image"), dataset.arrays["label"]
        for start in range(0, len(labels), _CHUNK):
            part = slice(start, start + _CHUNK)
            indices = range(start, start + len(labels[part]))
            yield Batch(indices, {"image": images[part]}, labels[part])

    def score(self, batch: Batch, outputs: Mapping[str, Any], value: int | None) -> dict:
        """Each image's label, the class of its largest score, and its cross-entropy in nats."""
        del value
        scores = np.asarray(outputs["scores"], np.float64)
        surprise = -log_softmax(scores, axis=-1)[np.arange(len(scores)), batch.reference]
        return {"label": batch.reference, "found": scores.argmax(axis=-1), "nats": surprise}

    def finish(self, found: list[dict], dataset: DataSet, value: int | None) -> dict[str, float]:
        """{"accuracy", "cross_entropy" in nats}."""
        del dataset, value
        whole = {name: np.concatenate([part[name] for part in found]) for name in found[0]}
        return {
            "accuracy": float(np.mean(whole["found"] == whole["label"])),
            "cross_entropy": float(np.mean(whole["nats"])),
        }

    def show(self, system: System, dataset: DataSet, value: int | None, count: int) -> Shown:
        """The confusion matrix: rows of what the images are, columns of what was found."""
        del count
        numbers = [str(index) for index in range(system.gives["scores"].shape[0])]
        classes = dataset.assets.get("classes") or numbers
        matrix = np.zeros((len(classes), len(classes)), int)
        for batch in self.batches(system, dataset, value, 1):
            scored = self.score(batch, system.apply(batch.inputs), value)
            np.add.at(matrix, (scored["label"], scored["found"]), 1)
        sheet = pictures.confusion(matrix, classes)
        return Shown({"confusion": sheet}, {"confusion": (sheet,)})
