"""Sentences of RSICD without its images: what is described is the class of each."""

import re

import numpy as np

from imaging_jax.data_root import under_data
from train.data.captions import captioned_set, read_captions
from train.data.data_set import DataSet
from train.data.fields import Field

_FILE = "captions/RSICD/captions_val.json"
# Of the images in order of the file: odd ones are scored, every tenth of the even ones is held
# back, to choose by.
_SPLITS = {
    "even": lambda place: place % 2 == 0,
    "fit": lambda place: place % 2 == 0 and place % 20,
    "held_back": lambda place: place % 20 == 0,
    "odd": lambda place: place % 2 == 1,
}


def rsicd_classes(split: str) -> DataSet:
    """A part of the 1,092 staged images of four classes; "image" is (1, 1, 4), 1 at the class.

    The class is the file's name up to its number: square, stadium, storagetanks or viaduct.

    Args:
      split: "even" images, "odd" ones, or of the even ones "held_back" (every tenth) and "fit"
        (the others).

    Raises:
      ValueError: another split, or IMAGING_DATA unset.

    Source: Lu, Wang, Zheng, Li, "Exploring Models and Data for Remote Sensing Image Caption
    Generation", IEEE TGRS 56(4), 2018; five sentences an image.
    """
    if split not in _SPLITS:
        raise ValueError(f"rsicd_classes:{split}: wanted rsicd_classes:<{', '.join(_SPLITS)}>")
    read = read_captions(under_data(_FILE, "the set rsicd_classes"))
    classes = sorted({_class(image) for image, _, _ in read})
    kept = [item for place, item in enumerate(read) if _SPLITS[split](place)]
    names = [image for image, _, _ in kept]
    labels = np.array([classes.index(_class(image)) for image in names], np.int32)
    shape = (1, 1, len(classes))
    shown = np.eye(len(classes), dtype=np.float32)[labels].reshape(-1, *shape)
    return captioned_set(
        f"rsicd_classes:{split}",
        names,
        [own for _, own, _ in kept],
        (shape, "float32"),
        lambda index: {"image": shown[index], "label": labels[index]},
        {"label": Field((), "int32", "label", (0, len(classes)))},
        {"classes": classes},
    )


def _class(image: str) -> str:
    return re.sub(r"_\d+\.\w+$", "", image)
