"""Noisy images of which no clean one is known: how well hidden pixels are predicted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import numpy as np

from imaging_jax.losses import blind_spots
from train.data import images
from train.data.data_set import DataSet
from train.data.drawn import HELD_BACK_KEY
from train.data.fields import PICTURE, Fields
from train.scoring.protocols.images import OURS, ImageProtocol
from train.scoring.protocols.protocol import Batch
from train.systems.system import System


@dataclass(frozen=True)
class BlindSpotProtocol(ImageProtocol):
    """The root mean squared error at pixels that were replaced by a neighbour's value.

    It is that of the prediction and of the noise together: the least is the noise's own level. A
    system that gives back what it is given does worst.

    Attributes:
      box: see `imaging_jax.losses.blind_spots`, as for the other.
      radius: likewise.
      metrics: the one figure.
    """

    box: int = 8
    radius: int = 2
    metrics: tuple[str, ...] = ("blind_error",)

    reads: ClassVar[Fields] = {"image": PICTURE}
    feeds: ClassVar[tuple[str, ...]] = ("image",)
    condition: ClassVar[str] = "scale"
    told: ClassVar[bool] = True
    usual: ClassVar[tuple[int, ...]] = (1,)
    of_training: ClassVar[bool] = True
    best: ClassVar[tuple[str, ...]] = ("blind_error",)
    hint: ClassVar[str] = "clean them: python -m train.predict --weights={run} photo.png"

    def baseline(self) -> str:
        """The image as it is."""
        return "identity"

    def inputs(
        self, dataset: DataSet, indices: list[int], value: int | None
    ) -> tuple[dict[str, np.ndarray], tuple[np.ndarray, np.ndarray]]:
        """Images with pixels hidden; they as they are, and where."""
        del value
        noisy = self._noisy(dataset, indices)
        keys = [jax.random.fold_in(jax.random.key(HELD_BACK_KEY), index) for index in indices]
        pairs = [
            blind_spots(key, image[None], self.box, self.radius)
            for key, image in zip(keys, noisy, strict=True)
        ]
        hidden, mask = (
            np.concatenate([np.asarray(x) for x in side]) for side in zip(*pairs, strict=True)
        )
        return {"image": hidden}, (noisy, mask)

    def score(self, batch: Batch, outputs: Mapping[str, Any], value: int | None) -> dict:
        """{"index", "blind_error" of 255}, the repetitions left out."""
        del value
        noisy, mask = (x.astype(np.float64) for x in batch.reference)
        squares = mask * (np.asarray(outputs["image"], np.float64) - noisy) ** 2
        marked = mask.sum(axis=(1, 2, 3)) * noisy.shape[-1]
        error = 255 * np.sqrt(squares.sum(axis=(1, 2, 3)) / marked)
        return {"index": np.asarray(batch.indices), "blind_error": error[: len(batch.indices)]}

    def measured(self, inputs: Mapping[str, np.ndarray], scale: int) -> np.ndarray | None:
        """Nothing: the image is shown as it is."""
        return None

    def _noisy(self, dataset, indices):
        return np.float32(dataset.stacked("image", indices))

    def _views(self, system: System, dataset: DataSet, value, index) -> dict[str, np.ndarray]:
        noisy = self._noisy(dataset, [index])
        ours = system.apply({"image": noisy}, **self.options(value))["image"]
        views = {"noisy": noisy, OURS: np.asarray(ours)}
        return {title: images.to_rgb(images.from_float(x[0])) for title, x in views.items()}
