"""How an autoencoder is scored: what it gives back of whole images is compared with them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from train.data import images
from train.data.data_set import DataSet
from train.data.fields import PICTURE, Fields, check_fields
from train.scoring import pictures
from train.scoring.protocols.judges import check_judge, look
from train.scoring.protocols.protocol import Batch, Protocol, Shown
from train.systems.system import System
from train.tasks.autoencoding import corrupt

_SHOWN = 10
# Units of a code in [0, 1] whose mean activation lies here count as sparse.
_SPARSE = (0.02, 0.1)


@dataclass(frozen=True)
class ReconstructionProtocol(Protocol):
    """Errors over all pixels of a set, and whether a judge still knows the class.

    What a system gives beside images is measured too: its own figures, and how sparse a code in
    [0, 1] is.

    Attributes:
      judge: name of weights of a classifier; empty for none.
      noise: standard deviation of Gaussian noise on what the system is given, which is clipped.
      most: how many images are taken, drawn at random where the set has more.
    """

    judge: str = ""
    noise: float = 0.0
    most: int = 10_000

    reads: ClassVar[Fields] = {"image": PICTURE}
    feeds: ClassVar[tuple[str, ...]] = ("image",)
    wants: ClassVar[tuple[str, ...]] = ("image",)
    best: ClassVar[tuple[str, ...]] = ("negative_elbo", "squared_error")

    def check(self, system: System, dataset: DataSet, value: int | None) -> None:
        """As `Protocol.check`; also where set or judge don't fit."""
        super().check(system, dataset, value)
        check_judge(self.judge)
        whom = f"{system.name} ({system.weights})"
        check_fields(dataset.fields, {"image": system.takes["image"]}, dataset.name, whom)
        dataset.check_one_size()

    def batches(
        self, system: System, dataset: DataSet, value: int | None, size: int
    ) -> Iterator[Batch]:
        """One batch of the whole set, or of as many as are taken."""
        del system, value, size
        indices, clean = self._images(dataset)
        labels = dataset.arrays.get("label")
        reference = {"image": clean, "label": None if labels is None else labels[indices]}
        yield Batch(indices, {"image": self._given(clean)}, reference)

    def score(self, batch: Batch, outputs: Mapping[str, Any], value: int | None) -> dict:
        """Compares in float64.

        Returns:
          {"squared_error" (summed over an image), "psnr" (of the error over all pixels, peak 1)},
          with a judge and labels "judged_right", and what the system measures of itself.
        """
        del value
        reference, estimate = batch.reference, np.asarray(outputs["image"])
        error = np.square(reference["image"].astype(np.float64) - estimate)
        found = {
            "squared_error": float(error.sum(axis=(1, 2, 3)).mean()),
            "psnr": float(-10 * np.log10(error.mean())),
        }
        if self.judge and reference["label"] is not None:
            judged = np.argmax(look(self.judge, estimate)[1], axis=-1)
            found["judged_right"] = float(np.mean(judged == reference["label"]))
        own = {name: x for name, x in outputs.items() if name not in ("image", "code")}
        found |= {name: float(np.mean(np.asarray(x, np.float64))) for name, x in own.items()}
        return found | (_sparsity(np.asarray(outputs["code"])) if "code" in outputs else {})

    def finish(self, found: list[dict], dataset: DataSet, value: int | None) -> dict[str, float]:
        """The figures of the one batch."""
        del dataset, value
        return found[0]

    def show(self, system: System, dataset: DataSet, value: int | None, count: int) -> Shown:
        """Ten images, what the system was given of them where that is another, and its answer."""
        del value, count
        _, clean = self._images(dataset)
        given = self._given(clean)
        rows = [clean, *[given] * (self.noise > 0), system.apply({"image": given})["image"]]
        shown = np.concatenate([np.asarray(row[:_SHOWN]) for row in rows])
        picture = images.to_rgb(images.from_float(pictures.grid(shown, _SHOWN)))
        title = dataset.name.replace(":", "_")
        return Shown({title: picture}, {title: (picture,)})

    def baseline(self) -> str:
        """What was given, where it isn't the image itself."""
        return "identity" if self.noise else ""

    def _images(self, dataset: DataSet) -> tuple[np.ndarray, np.ndarray]:
        pixels = dataset.floats("image")
        indices = np.arange(len(pixels))
        if len(pixels) > self.most:
            indices = np.random.default_rng(0).permutation(len(pixels))[: self.most]
        return indices, pixels[indices]

    def _given(self, clean: np.ndarray) -> np.ndarray:
        if not self.noise:
            return clean
        return np.asarray(corrupt(jax.random.key(0), jnp.asarray(clean), self.noise, masked=0.0))


def _sparsity(code: np.ndarray) -> dict[str, float]:
    if code.ndim != 2 or code.min() < 0 or code.max() > 1:
        return {}
    activation = code.mean(axis=0)
    sparse = (activation >= _SPARSE[0]) & (activation <= _SPARSE[1])
    return {"mean_activation": float(activation.mean()), "sparse_units": float(sparse.mean())}
