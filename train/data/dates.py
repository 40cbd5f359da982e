"""Sets of stacks: images of one place on several dates, and the clear one to make of them."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from train.data.data_set import DataSet
from train.data.fields import Field
from train.data.image_sets import ImageSet, image_set
from train.data.images import to_rgb

_LEVELS = Field((None, None, 3), "uint8", "image", (0, 255))


def dated(image: Field, dates: int) -> Field:
    """The field of so many images of one place."""
    return dataclasses.replace(image, shape=(dates, *image.shape), kind="frames")


def dates(rest: str) -> DataSet:
    """Of "<first date>:…:<last date>:<targets>", folders or image sets of the same names.

    Its items are {"frames": (dates, H, W, 3), "target": (H, W, 3)}, uint8.

    Raises:
      ValueError: other words, or an image that is missing in one of them; when it is read, dates of
        unequal sizes.
    """
    words = rest.split(":")
    if len(words) < 2 or not all(words):
        raise ValueError(f"dates:{rest}: wanted dates:<first date>:…:<last date>:<targets>")
    *given, wanted = map(image_set, words)
    _check_names(f"dates:{rest}", [*given, wanted])

    def load(index: int) -> dict[str, np.ndarray]:
        frames = [to_rgb(images.colours(index)) for images in given]
        for images, frame in zip(given, frames, strict=True):
            if frame.shape != frames[0].shape:
                found, first = (f"{x.shape[1]}x{x.shape[0]}" for x in (frame, frames[0]))
                raise ValueError(f"{images.files[index]} is {found}, the first date {first}")
        return {"frames": np.stack(frames), "target": to_rgb(wanted.colours(index))}

    fields = {"frames": dated(_LEVELS, len(given)), "target": _LEVELS}
    return DataSet(f"dates:{rest}", fields, wanted.names, load)


def _check_names(name: str, sets: Sequence[ImageSet]) -> None:
    everything = sorted(set().union(*(images.names for images in sets)))
    for images in sets:
        missing = [image for image in everything if image not in images.names]
        if missing:
            raise ValueError(
                f"{name}: wanted the same names everywhere, {images.name} lacks {missing[0]}"
            )
