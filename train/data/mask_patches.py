"""Patches of images and of their masks, resident on the device and changed alike."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from scipy import ndimage

from imaging_jax.losses import border_weights
from train.config.registry import call, look_up
from train.data.augmentations import make_augment_beside
from train.data.data_set import DataSet
from train.data.data_sets import data_set
from train.data.fields import Field
from train.data.images import to_rgb
from train.data.mask_files import UNLABELLED
from train.data.resident import ResidentPatches
from train.data.spatial import SYMMETRIES

_WEIGHT = Field((None, None, 1), "float32", "mask")


class MaskPatches:
    """Patches {"image", "mask"} of an image and a place drawn uniformly.

    Args:
      images: a set with masks, see `train.data.data_sets.data_set`.
      batch_size: patches a batch.
      patch_size: their height and width in pixels.
      symmetries: "square" turns and flips them, "mirror" flips left and right alone.
      augment: {name of `train.data.augmentations.AUGMENTATIONS`: its settings}; what moves pixels
        moves masks alike, by the nearest pixel.
      best_of: so many patches are cut for each, of which the one with the most pixels of another
        class than the first is taken: where these are rare, as in cracks.
      borders: settings of `imaging_jax.losses.border_weights`, by which patches have a "weight"
        too; each connected part of the mask is a cell.

    Raises:
      ValueError: a set without masks, one in which no pixel is anything but the first class, an
        image smaller than a patch, named, or an unknown word.
    """

    streamed = False

    def __init__(
        self,
        images: str,
        batch_size: int,
        patch_size: int,
        symmetries: str = "square",
        augment: Mapping[str, Any] | None = None,
        borders: Mapping[str, float] | None = None,
        best_of: int = 1,
    ):
        if best_of < 1:
            raise ValueError(f"data.best_of={best_of}: wanted at least 1")
        self._best_of = best_of
        source = data_set(images)
        found = source.fields.get("mask")
        if found is None or found.kind != "class_map":
            raise ValueError(f"data.images={images!r}: its images have no masks of classes")
        turn = look_up(SYMMETRIES, symmetries, "data.symmetries")
        self._augment = make_augment_beside(augment or {}, "data.augment")
        fields = {name: source.fields[name] for name in ("image", "mask")}
        fields["image"] = dataclasses.replace(fields["image"], shape=(None, None, 3))
        items = _items(source, patch_size)
        if borders is not None:
            fields["weight"] = _WEIGHT
            items = [item | {"weight": _weights(item["mask"], borders)} for item in items]
        self._patches = ResidentPatches(
            fields, items, best_of * batch_size, patch_size, source.assets, turn
        )
        self.batch_size, self.patch_size = batch_size, patch_size
        self.assets, self.fields = self._patches.assets, self._patches.fields

    def inputs(self, step: int, mesh) -> Iterator[dict]:
        """The arrays, placed once."""
        return self._patches.inputs(step, mesh)

    def input_shapes(self, mesh) -> dict:
        """Shapes of what `inputs` gives."""
        return self._patches.input_shapes(mesh)

    def batch(self, key: jax.Array, inputs: dict) -> dict[str, jax.Array]:
        """Cuts {"image" in [0, 1], "mask" uint8}, (batch_size, patch_size, patch_size, …)."""
        where, how = jax.random.split(key)
        cut = self._patches.batch(where, inputs)
        if self._best_of > 1:
            cut = self._fullest(cut)
        return self._augment(how, cut)

    def _fullest(self, cut: dict[str, jax.Array]) -> dict[str, jax.Array]:
        marked = (cut["mask"] > 0) & (cut["mask"] != UNLABELLED)
        counts = jnp.sum(marked, axis=(1, 2, 3)).reshape(self.batch_size, self._best_of)
        chosen = jnp.arange(self.batch_size) * self._best_of + jnp.argmax(counts, axis=1)
        return {name: values[chosen] for name, values in cut.items()}


def _items(source: DataSet, patch_size: int) -> list[dict[str, np.ndarray]]:
    items = []
    for index in range(len(source)):
        read = source[index]
        image, mask = to_rgb(read["image"]), read["mask"]
        height, width = image.shape[:2]
        if min(height, width) < patch_size:
            raise ValueError(
                f"{source.name}/{source.names[index]} is {width}x{height}, smaller than a patch of "
                f"{patch_size} (data.patch_size)"
            )
        items.append({"image": image, "mask": mask})
    if not any(np.any((item["mask"] > 0) & (item["mask"] != UNLABELLED)) for item in items):
        first = (source.assets.get("classes") or ["class 0"])[0]
        raise ValueError(f"{source.name}: no pixel of its masks is anything but {first}")
    return items


def _weights(mask, borders):
    cells, _ = ndimage.label(mask[..., 0] == 1)
    return call(border_weights, borders, "data.borders", labels=cells)[..., None]
