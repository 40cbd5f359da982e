"""Images made of several frames, whose brightness and exact place aren't known."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import numpy as np

from imaging_jax import metrics
from train.data.data_set import DataSet
from train.data.fields import Field, Fields
from train.scoring.metrics import measure
from train.scoring.protocols.images import ImageProtocol
from train.scoring.protocols.protocol import Batch, equal_batches, naming
from train.systems.system import System

_CLEAR = Field((None, None, None, 1), "float32", "frames")


@dataclass(frozen=True)
class FramesProtocol(ImageProtocol):
    """cPSNR of the Proba-V challenge: the best of 49 shifts, over clear pixels, bias removed.

    Channels are scored one by one. Where a set has the challenge's baselines, their mean ratio to
    the cPSNR is its score.

    Attributes:
      metrics: "cpsnr", and others that are taken of the images as they are.
      scale: enlargement that the baseline is told.
    """

    metrics: tuple[str, ...] = ("cpsnr",)
    scale: float = 3.0

    reads: ClassVar[Fields] = {
        "frames": Field((None, None, None, None), "float32", "frames"),
        "clear": _CLEAR,
        "image": Field((None, None, None), "float32", "image"),
        "image_clear": Field((None, None, 1), "float32", "mask"),
    }
    feeds: ClassVar[tuple[str, ...]] = ("frames", "clear")
    best: ClassVar[tuple[str, ...]] = ("cpsnr",)

    def baseline(self) -> str:
        """The mean of enlarged, registered frames."""
        return f"registered_mean:{self.scale:g}"

    def inputs(
        self, dataset: DataSet, indices: list[int], value: int | None
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Frames and their clear pixels, and the images, in [0, 1]."""
        del value
        found = self._read(dataset, indices)
        return {name: found[name] for name in self.feeds}, found["image"]

    def measured(self, inputs: Mapping[str, np.ndarray], scale: int) -> np.ndarray | None:
        """The clearest frame, each pixel enlarged to a square; None where they don't divide."""
        del scale
        if self.scale % 1:
            return None
        clearest = np.argmax(inputs["clear"][0].mean(axis=(1, 2, 3)))
        size = int(self.scale)
        return inputs["frames"][0, clearest].repeat(size, axis=0).repeat(size, axis=1)

    def batches(
        self, system: System, dataset: DataSet, value: int | None, size: int
    ) -> Iterator[Batch]:
        """As of images; the reference is images and their clear pixels."""
        del system, value
        for indices, filled in equal_batches(dataset, "frames", size):
            with naming(dataset, indices):
                found = self._read(dataset, filled)
            inputs = {name: found[name] for name in self.feeds}
            yield Batch(indices, inputs, (found["image"], found["image_clear"]))

    def _read(self, dataset: DataSet, indices: list[int]) -> dict[str, np.ndarray]:
        """Every field of some scenes, in [0, 1]; what a system is given in float32."""
        found = dataset.together(tuple(self.reads), indices)
        scaled = {name: values / dataset.fields[name].white for name, values in found.items()}
        return scaled | {name: scaled[name].astype(np.float32) for name in self.feeds}

    def score(self, batch: Batch, outputs: Mapping[str, Any], value: int | None) -> dict:
        """{"index", metric: values (N,)}, the repetitions left out."""
        images, clear = batch.reference
        estimate = np.asarray(outputs["image"], np.float64)
        if images.shape != estimate.shape:
            raise ValueError(f"wanted images {images.shape}, the system gave {estimate.shape}")
        others = tuple(name for name in self.metrics if name != "cpsnr")
        scores = measure(others, np.asarray(images, np.float64), estimate, 0)
        scores["cpsnr"] = _cpsnr(images, estimate, clear)
        kept = {name: values[: len(batch.indices)] for name, values in scores.items()}
        return {"index": np.asarray(batch.indices), **kept}

    def finish(self, found: list[dict], dataset: DataSet, value: int | None) -> dict[str, float]:
        """Means over scenes, and the challenge's score where its baselines are known."""
        values = super().finish(found, dataset, value)
        norms = dataset.assets.get("norms")
        if norms is None:
            return values
        whole = {name: np.concatenate([part[name] for part in found]) for name in found[0]}
        ratios = np.asarray(norms)[whole["index"]] / whole["cpsnr"]
        return {**values, "proba_v_score": float(ratios.mean())}


def _cpsnr(images: np.ndarray, estimate: np.ndarray, clear: np.ndarray) -> np.ndarray:
    with jax.enable_x64(True):
        bands = [
            np.moveaxis(np.asarray(x, np.float64), -1, 1)[..., None] for x in (images, estimate)
        ]
        seen = np.broadcast_to(clear[:, None], bands[0].shape)
        return np.asarray(_by_band(*bands, seen)).mean(axis=1)


@jax.jit
def _by_band(images, estimate, clear):
    return metrics.cpsnr(images, estimate, clear)[0]
