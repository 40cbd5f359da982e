"""Whole images of one size and their labels, resident on the device."""

import dataclasses

import numpy as np

from train.data.data_sets import data_set
from train.data.resident import ResidentItems


def labelled(images: str, batch_size: int, size: int = 0) -> ResidentItems:
    """Images and labels drawn uniformly.

    Args:
      images: see `train.data.data_sets.data_set`.
      batch_size: images a batch.
      size: height and width to which zeros on all sides bring the images; 0 leaves them.

    Raises:
      ValueError: a set without labels, or a size below that of the images.
    """
    source = data_set(images)
    if "label" not in source.fields:
        raise ValueError(f"data.images={images!r}: its images have no labels")
    fields, arrays = dict(source.fields), dict(source.arrays)
    if size:
        arrays["image"] = _padded(arrays["image"], size)
        shape = arrays["image"].shape[1:]
        fields["image"] = dataclasses.replace(fields["image"], shape=shape)
    return ResidentItems(fields, arrays, batch_size, source.assets)


def _padded(pixels: np.ndarray, size: int) -> np.ndarray:
    margins = [(size - side) / 2 for side in pixels.shape[1:3]]
    if min(margins) < 0 or any(margin % 1 for margin in margins):
        raise ValueError(
            f"data.size={size}: wanted a size from which images of {pixels.shape[1:3]} leave equal "
            "margins"
        )
    rows, columns = map(int, margins)
    return np.pad(pixels, [(0, 0), (rows, rows), (columns, columns), (0, 0)])
