"""How maps of classes are scored: by overlap, as regions, and as lines."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy import ndimage
from scipy.special import expit, softmax

from imaging_jax.metrics import (
    boundary_f1,
    class_iou,
    confusion_matrix,
    mean_iou,
    rand_and_info_scores,
)
from train.data import images
from train.data.data_set import DataSet
from train.data.fields import PICTURE, Fields, check_fields, class_map
from train.scoring.protocols.images import OURS, comparison, cut_out
from train.scoring.protocols.protocol import (
    Batch,
    Protocol,
    Shown,
    equal_batches,
    naming,
)
from train.systems.segmented_files import told
from train.systems.system import System


@dataclass(frozen=True)
class SegmentationProtocol(Protocol):
    """The overlap of each class over a whole set, and the share of wrong pixels.

    Of two classes also the overlap of the second, image by image, and its mean.
    """

    reads: ClassVar[Fields] = {"image": PICTURE, "mask": class_map(None)}
    feeds: ClassVar[tuple[str, ...]] = ("image",)
    wants: ClassVar[tuple[str, ...]] = ("logits",)
    best: ClassVar[tuple[str, ...]] = ("mean_iou",)
    batched: ClassVar[bool] = True

    def check(self, system: System, dataset: DataSet, value: int | None) -> None:
        """As `Protocol.check`; also where the set's classes aren't the system's."""
        super().check(system, dataset, value)
        classes = max(2, system.gives["logits"].shape[-1])
        wanted = {"mask": class_map(classes)}
        check_fields(dataset.fields, wanted, dataset.name, f"{system.name} ({system.weights})")

    def batches(
        self, system: System, dataset: DataSet, value: int | None, size: int
    ) -> Iterator[Batch]:
        """Batches of images of one size; a last one that isn't full is filled with repetitions."""
        del system, value
        for indices, filled in equal_batches(dataset, "image", size):
            with naming(dataset, indices):
                yield Batch(indices, *self._given(dataset, filled))

    def score(self, batch: Batch, outputs: Mapping[str, Any], value: int | None) -> dict:
        """The confusion of classes over the batch, and of two classes each image's overlap."""
        del value
        count = len(batch.indices)
        reference, found = batch.reference[:count], told(outputs["logits"])[:count]
        classes = max(2, np.shape(outputs["logits"])[-1])
        confusions = np.stack(
            [
                confusion_matrix(one, other, classes)
                for one, other in zip(reference, found, strict=True)
            ]
        )
        return {"index": np.asarray(batch.indices), "confusion": confusions}

    def rows(self, batch: Batch, found: dict) -> list[dict[str, float]]:
        """{metric: value} of each image, none of one without a labelled pixel."""
        return [_of_confusion(one) if one.any() else {} for one in found["confusion"]]

    def finish(self, found: list[dict], dataset: DataSet, value: int | None) -> dict[str, float]:
        """Of the whole set.

        Raises:
          ValueError: a set whose pixels are all of one class.
        """
        del value
        confusions = _confusions(found)
        whole = confusions.sum(axis=0)
        if np.count_nonzero(whole.sum(axis=1)) < 2:
            raise ValueError(f"{dataset.name}: all pixels of its masks are of one class")
        values = _of_confusion(whole)
        if len(whole) == 2:
            ious = [_of_confusion(one)["iou"] for one in confusions if one.any()]
            values["iou"] = float(np.mean(ious))
        return values

    def show(self, system: System, dataset: DataSet, value: int | None, count: int) -> Shown:
        """Each image, and over it what was found and what is there."""
        shown = {}
        for index in range(min(count, len(dataset))):
            inputs, reference = self._given(dataset, [index])
            (found,) = told(system.apply(inputs)["logits"])
            image = images.to_rgb(images.from_float(inputs["image"][0]))
            shown[dataset.names[index]] = {
                "image": image,
                OURS: images.overlay(image, found),
                "reference": images.overlay(image, reference[0]),
            }
        return Shown(
            {name: comparison(views) for name, views in shown.items()},
            {name: cut_out(views) for name, views in shown.items()},
            ("image", OURS),
            "your own image: python -m train.predict --weights={run} photo.png",
        )

    def _given(self, dataset, indices):
        masks = np.stack([dataset[index]["mask"][..., 0] for index in indices])
        return {"image": np.float32(dataset.stacked("image", indices))}, masks.astype(np.int32)


@dataclass(frozen=True)
class _OfMaps(SegmentationProtocol):
    """What needs the probability maps of all images at once, of two classes."""

    def score(self, batch: Batch, outputs: Mapping[str, Any], value: int | None) -> dict:
        """The confusion, and beside it masks and probabilities of the second class."""
        count = len(batch.indices)
        probability = shares(outputs["logits"])[:count, ..., 1]
        maps = {"reference": batch.reference[:count], "probability": probability}
        return super().score(batch, outputs, value) | maps

    def _maps(self, found):
        return (
            [image for part in found for image in part[name]]
            for name in ("reference", "probability")
        )


@dataclass(frozen=True)
class RegionProtocol(_OfMaps):
    """Cells told apart by the membranes between: V^Rand and V^Info, and the membranes' overlap.

    The second class is inside of cells. The images are of one size.
    """

    best: ClassVar[tuple[str, ...]] = ("v_rand",)

    def finish(self, found: list[dict], dataset: DataSet, value: int | None) -> dict[str, float]:
        """As `SegmentationProtocol.finish`, with scores of the regions."""
        values = super().finish(found, dataset, value)
        references, probabilities = self._maps(found)
        cells = np.stack([ndimage.label(reference == 1)[0] for reference in references])
        rand, info = rand_and_info_scores(cells, np.stack(probabilities))
        whole = _confusions(found).sum(axis=0)
        return values | {
            "border_iou": float(class_iou(whole)[0]),
            "v_rand": rand,
            "v_info": info,
        }


@dataclass(frozen=True)
class LineProtocol(_OfMaps):
    """Thin lines found within a tolerance, at one threshold for the set: of cracks.

    Attributes:
      tolerances: in pixels.
    """

    tolerances: tuple[int, ...] = (2, 5)

    best: ClassVar[tuple[str, ...]] = ("f1_2px",)

    def finish(self, found: list[dict], dataset: DataSet, value: int | None) -> dict[str, float]:
        """As `SegmentationProtocol.finish`, with precision, recall and F1 for each tolerance."""
        values = super().finish(found, dataset, value)
        references, probabilities = self._maps(found)
        lines = [reference == 1 for reference in references]
        for tolerance in self.tolerances:
            score = boundary_f1(lines, probabilities, tolerance)
            values |= {
                f"precision_{tolerance}px": score.precision,
                f"recall_{tolerance}px": score.recall,
                f"f1_{tolerance}px": score.f1,
            }
        return values


def shares(logits: Any) -> np.ndarray:
    """Probabilities of classes (..., classes) by logits; of one class, of it being 0 and 1."""
    logits = np.asarray(logits, np.float64)
    if logits.shape[-1] > 1:
        return softmax(logits, axis=-1)
    return np.concatenate([expit(-logits), expit(logits)], axis=-1)


def _confusions(found: list[dict]) -> np.ndarray:
    """Those of all images, (N, classes, classes)."""
    return np.concatenate([part["confusion"] for part in found])


def _of_confusion(confusion: np.ndarray) -> dict[str, float]:
    """{"mean_iou", "pixel_error"} of a matrix, and of two classes "iou", of the second."""
    wrong = 1 - np.trace(confusion) / max(1, confusion.sum())
    values = {"mean_iou": float(mean_iou(confusion)), "pixel_error": float(wrong)}
    if len(confusion) > 2:
        return values
    of_second = float(class_iou(confusion)[1])
    # Neither there nor told: nothing is wrong.
    return {"iou": 1.0 if np.isnan(of_second) else of_second, **values}
