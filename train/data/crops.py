"""Crops of images as classes: what belongs together is of one image."""

import numpy as np

from train.data.data_set import DataSet, Stacked
from train.data.fields import Field
from train.data.image_sets import image_set
from train.data.images import to_rgb


def crops(rest: str) -> DataSet:
    """Opens "<pixels a side>:<image set>": the four corners of every image, which is their label.

    Raises:
      ValueError: other words, or an image smaller than a crop, named.
    """
    side, _, name = rest.partition(":")
    if not side.isdigit() or int(side) < 1 or not name:
        raise ValueError(f"crops:{rest}: wanted crops:<pixels a side>:<image set>")
    source, length, found = image_set(name), int(side), []
    for index in range(len(source)):
        pixels = to_rgb(source.colours(index))
        height, width = pixels.shape[:2]
        if min(height, width) < length:
            raise ValueError(f"{source.files[index]} is {width}x{height}: wanted {side} a side")
        ends = (slice(length), slice(-length, None))
        found += [pixels[rows, columns] for rows in ends for columns in ends]
    labels = np.repeat(np.arange(len(source), dtype=np.int32), 4)
    fields = {
        "image": Field((length, length, 3), "uint8", "image", (0, 255)),
        "label": Field((), "int32", "label", (0, len(source))),
    }
    arrays = {"image": np.stack(found), "label": labels}
    return Stacked(f"crops:{rest}", fields, arrays, {"classes": source.names})
