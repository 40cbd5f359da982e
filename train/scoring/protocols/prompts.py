"""How promptable segmentation is scored: masks of one prompt against the object it is of."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import jax
import numpy as np

from imaging_jax.metrics import iou
from imaging_jax.models.segmentation import resize_masks
from train.data import images
from train.data.data_set import DataSet
from train.data.fields import PICTURE, Field, Fields, check_fields
from train.data.prompts import draw_box, draw_object, draw_point
from train.scoring import pictures
from train.scoring.protocols.protocol import Batch, Protocol, Shown
from train.systems import overlays
from train.systems.system import System

_CHUNK = 50
_CHOOSING = 2**31 - 4
_SCALE = 4
_DRAWN = {"point": draw_point, "box": draw_box}


@dataclass(frozen=True)
class PromptProtocol(Protocol):
    """Intersection over union with the object that one prompt is of, and how masks are ranked.

    `mask_iou` is of the mask whose predicted quality is the largest, `oracle_iou` of the best of
    the three: both means over prompts. `ranked_right` is the share of prompts at which the two
    are the same mask: where masks are as good as each other to the last digit the first counts,
    and however little the second is worse it counts as wrong. `ranked_near` is the share at which
    the mask ranked first is at most 0.01 worse than the best.

    Attributes:
      prompt: "point" for a pixel of the object, "box" for its displaced box.
      prompts: of each image, each of an object drawn anew.
      least_area: of an object that is asked for, in pixels.
      seed: of what is drawn, beside the image's place in the set.
    """

    prompt: str = "point"
    prompts: int = 4
    least_area: int = 20
    seed: int = 0

    reads: ClassVar[Fields] = {
        "image": PICTURE,
        "masks": Field((None, None, None), "bool", "mask"),
    }
    feeds: ClassVar[tuple[str, ...]] = ("image", "points", "labels")
    wants: ClassVar[tuple[str, ...]] = ("masks", "quality")
    best: ClassVar[tuple[str, ...]] = ("mask_iou",)

    def check(self, system: System, dataset: DataSet, value: int | None) -> None:
        """As `Protocol.check`; also where the set's images aren't of the system's size."""
        super().check(system, dataset, value)
        wanted = {"image": system.takes["image"]}
        check_fields(dataset.fields, wanted, dataset.name, f"{system.name} ({system.weights})")
        dataset.check_one_size()

    def batches(
        self, system: System, dataset: DataSet, value: int | None, size: int
    ) -> Iterator[Batch]:
        """The set in chunks, of which one is held at a time."""
        del system, value, size
        for start in range(0, len(dataset), _CHUNK):
            yield self._batch(dataset, range(start, min(start + _CHUNK, len(dataset))))

    def _batch(self, dataset, indices):
        masks = np.stack([dataset[index]["masks"] for index in indices])
        own = (self.prompt, self.prompts, self.least_area)
        (points, labels), wanted = _prompted(self.seed, np.asarray(indices), masks, own)
        inputs = {"image": dataset.stacked("image", indices), "points": points, "labels": labels}
        return Batch(indices, inputs, np.asarray(wanted))

    def score(self, batch: Batch, outputs: Mapping[str, Any], value: int | None) -> dict:
        """Intersections over union (N, prompts, 3), and predicted ones."""
        del value
        wanted = batch.reference[:, :, None]
        found = np.asarray(resize_masks(outputs["masks"], wanted.shape[-2:])) > 0
        measured = iou(np.broadcast_to(wanted, found.shape), found)
        return {
            "iou": np.asarray(measured, np.float64),
            "quality": np.asarray(outputs["quality"], np.float64),
        }

    def finish(self, found: list[dict], dataset: DataSet, value: int | None) -> dict[str, float]:
        """{"mask_iou", "oracle_iou", "ranked_right", "ranked_near"}."""
        del dataset, value
        measured, quality = (
            np.concatenate([part[name] for part in found]) for name in ("iou", "quality")
        )
        first, best = quality.argmax(axis=-1), measured.max(axis=-1)
        own = np.take_along_axis(measured, first[..., None], axis=-1)[..., 0]
        return {
            "mask_iou": float(own.mean()),
            "oracle_iou": float(best.mean()),
            "ranked_right": float(np.mean(first == measured.argmax(axis=-1))),
            "ranked_near": float(np.mean(best - own <= 0.01)),
        }

    def show(self, system: System, dataset: DataSet, value: int | None, count: int) -> Shown:
        """Images with their prompts, and the masks that were ranked first."""
        del value
        batch = self._batch(dataset, range(min(count, len(dataset))))
        outputs = system.apply(batch.inputs)
        masks = np.asarray(resize_masks(outputs["masks"], batch.reference.shape[-2:])) > 0
        first = np.asarray(outputs["quality"]).argmax(axis=-1)
        rows = []
        for index, image in enumerate(batch.inputs["image"]):
            levels = images.to_rgb(images.from_float(image))
            rows.append(pictures.enlarge(levels, _SCALE))
            for prompt, ranked in enumerate(first[index]):
                shown = images.overlay(levels, masks[index, prompt, ranked].astype(np.uint8))
                given = (batch.inputs[name][index, prompt] for name in ("points", "labels"))
                rows.append(overlays.prompted(pictures.enlarge(shown, _SCALE), *given, _SCALE))
        sheet = pictures.grid(np.stack(rows), 1 + self.prompts)
        return Shown(
            {"masks": sheet},
            {"prompts, and the mask ranked first": (sheet,)},
            hint="your own picture: python -m train.predict --weights={run} --point=x,y photo.png",
        )

    def choosing(self) -> Protocol:
        """The same by other prompts."""
        return type(self)(**{**vars(self), "seed": _CHOOSING})


@partial(jax.jit, static_argnums=3)
def _prompted(seed, indices, masks, own):
    prompt, prompts, least = own

    def drawn(key, masks):
        object_key, place_key = jax.random.split(key)
        mask = draw_object(object_key, masks, least)
        return _DRAWN[prompt](place_key, mask), mask

    def of_image(index, masks):
        keys = jax.random.split(jax.random.fold_in(jax.random.key(seed), index), prompts)
        return jax.vmap(drawn, in_axes=(0, None))(keys, masks)

    return jax.vmap(of_image)(indices, masks)
