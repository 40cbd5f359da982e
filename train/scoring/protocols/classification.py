"""How a classifier is scored: over a whole set of images and labels."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import numpy as np
from scipy.special import log_softmax

from imaging_jax.metrics import expected_calibration_error
from train.data.data_set import DataSet
from train.data.fields import PICTURE, Field, Fields, check_fields
from train.scoring import pictures
from train.scoring.protocols.protocol import Batch, Protocol, Shown
from train.systems.system import System

_CHUNK = 1_000


@dataclass(frozen=True)
class ClassificationProtocol(Protocol):
    """The share of images whose largest score is that of their label, and what goes with it.

    Where there are more than five classes, also the share whose label is among the five largest;
    the expected calibration error, by 15 bins of confidence; and the cross-entropy.
    """

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
        """The set in chunks, of which one is held at a time."""
        del system, value, size
        white = np.float32(dataset.fields["image"].white)
        for start in range(0, len(dataset), _CHUNK):
            indices = range(start, min(start + _CHUNK, len(dataset)))
            items = [dataset[index] for index in indices]
            images = np.stack([item["image"] for item in items]).astype(np.float32) / white
            yield Batch(indices, {"image": images}, np.stack([item["label"] for item in items]))

    def score(self, batch: Batch, outputs: Mapping[str, Any], value: int | None) -> dict:
        """Each image's label, and the logarithms of its classes' probabilities."""
        del value
        scores = np.asarray(outputs["scores"], np.float64)
        return {"label": batch.reference, "logarithms": log_softmax(scores, axis=-1)}

    def finish(self, found: list[dict], dataset: DataSet, value: int | None) -> dict[str, float]:
        """{"accuracy", "top_5_accuracy", "calibration_error", "cross_entropy" in nats}."""
        del dataset, value
        labels, logarithms = (
            np.concatenate([part[name] for part in found]) for name in ("label", "logarithms")
        )
        own = np.take_along_axis(logarithms, labels[:, None], axis=-1)[:, 0]
        # Of classes that are thought equally probable the first comes first.
        first = np.argsort(-logarithms, axis=-1, kind="stable")[:, :5]
        among = np.any(first == labels[:, None], axis=-1) & np.isfinite(own)
        several = logarithms.shape[-1] > 5
        with jax.enable_x64(True):
            error = expected_calibration_error(np.exp(logarithms), labels)
        return {
            "accuracy": float(np.mean(logarithms.argmax(axis=-1) == labels)),
            **({"top_5_accuracy": float(np.mean(among))} if several else {}),
            "calibration_error": float(error),
            "cross_entropy": float(-np.mean(own)),
        }

    def show(self, system: System, dataset: DataSet, value: int | None, count: int) -> Shown:
        """The confusion matrix: rows of what the images are, columns of what was found."""
        del count
        numbers = [str(index) for index in range(system.gives["scores"].shape[0])]
        classes = dataset.assets.get("classes") or numbers
        matrix = np.zeros((len(classes), len(classes)), int)
        for batch in self.batches(system, dataset, value, 1):
            scored = self.score(batch, system.apply(batch.inputs), value)
            np.add.at(matrix, (scored["label"], scored["logarithms"].argmax(axis=-1)), 1)
        sheet = pictures.confusion(matrix, classes)
        return Shown({"confusion": sheet}, {"confusion": (sheet,)})
