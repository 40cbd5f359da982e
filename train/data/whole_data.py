"""Whole images of one size, with or without labels, on the device or streamed to it."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from train.config.registry import look_up
from train.data.augmentations import make_augment
from train.data.data_sets import data_set
from train.data.resident import ResidentItems
from train.data.spatial import spatial
from train.data.streamed import StreamedItems


def whole(
    images: str, batch_size: int, size: int = 0, augment: Mapping[str, Any] | None = None
) -> ResidentItems:
    """Items drawn uniformly.

    Args:
      images: see `train.data.data_sets.data_set`; of one size.
      batch_size: images a batch.
      size: height and width to which zeros on all sides bring the images; 0 leaves them.
      augment: {name of `train.data.augmentations.AUGMENTATIONS`: its settings}.

    Raises:
      ValueError: images of many sizes, a size below theirs, an augmentation that isn't known, or
        pairs, of which one side alone would change.
    """
    source = data_set(images)
    source.check_one_size()
    fields, arrays = dict(source.fields), dict(source.arrays)
    others = [name for name in spatial(fields) if name != "image"]
    if others and (size or augment):
        raise ValueError(
            f"data.size, data.augment: {source.name} has {', '.join(others)} beside images, which "
            "would stay as they are"
        )
    if size:
        arrays["image"] = _padded(arrays["image"], size)
        shape = arrays["image"].shape[1:]
        fields["image"] = dataclasses.replace(fields["image"], shape=shape)
    change = make_augment(augment or {}, "data.augment")
    return ResidentItems(fields, arrays, batch_size, source.assets, change)


def labelled(
    images: str,
    batch_size: int,
    seed: int,
    size: int = 0,
    augment: Mapping[str, Any] | None = None,
    storage: str = "resident",
    on_error: str = "stop",
    workers: int = 0,
) -> ResidentItems | StreamedItems:
    """Images and labels drawn uniformly.

    Args:
      images: see `train.data.data_sets.data_set`; of one size.
      batch_size: images a batch.
      seed: of the run.
      size: as of `whole`; of resident images alone.
      augment: as of `whole`.
      storage: "resident" (all on the device) or "streamed" (read when needed).
      on_error: "stop" at an image that can't be used, or "skip" it and count; of streamed ones.
      workers: processes that read ahead when streamed; 0 reads in threads.

    Raises:
      ValueError: as `whole`; a set without labels, an unknown word, or a setting of the other
        storage.
    """
    look_up({"stop": 0, "skip": 0}, on_error, "data.on_error")
    look_up({"resident": 0, "streamed": 0}, storage, "data.storage")
    source = data_set(images)
    if "label" not in source.fields:
        raise ValueError(f"data.images={images!r}: its images have no labels")
    if storage == "resident":
        if workers or on_error != "stop":
            raise ValueError(
                f"data.workers={workers}, data.on_error={on_error!r}: they are of streamed images; "
                "wanted 0 and 'stop', or data.storage='streamed'"
            )
        return whole(images, batch_size, size, augment)
    source.check_one_size()
    if size:
        raise ValueError(f"data.size={size}: streamed images stay as they are; wanted 0")
    change = make_augment(augment or {}, "data.augment")
    return StreamedItems(source, batch_size, seed, change, on_error == "skip", workers)


def _padded(pixels: np.ndarray, size: int) -> np.ndarray:
    margins = [(size - side) / 2 for side in pixels.shape[1:3]]
    if min(margins) < 0 or any(margin % 1 for margin in margins):
        raise ValueError(
            f"data.size={size}: wanted a size from which images of {pixels.shape[1:3]} leave equal "
            "margins"
        )
    rows, columns = map(int, margins)
    return np.pad(pixels, [(0, 0), (rows, rows), (columns, columns), (0, 0)])
