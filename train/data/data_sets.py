"""Data sets by name: one opener for images, and for images with a class each."""

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import numpy as np
from PIL import Image

from imaging_jax.data_root import data_root
from train.data.adding import adding
from train.data.bursts import bursts
from train.data.captions import captioned
from train.data.change_sets import drawn_changes
from train.data.class_folders import classes
from train.data.climate_scenes import climate_scenes
from train.data.crops import crops
from train.data.cube_sets import cubes, samson
from train.data.data_set import DataSet, Stacked
from train.data.dates import dates
from train.data.digit_domains import digit_pairs
from train.data.digits import drawn_digits, mnist, mnist_32, resized
from train.data.drawn import HELD_BACK_KEY, TEST_KEY
from train.data.fields import Field
from train.data.frame_folders import proba_v
from train.data.frame_scenes import frame_scenes, made_scenes, sensor_scenes
from train.data.image_sets import IMAGE_SETS, image_set, open_tfds
from train.data.made_cubes import made_cubes
from train.data.made_pairs import drawn_pairs, made_dates, made_pairs
from train.data.mask_sets import cracks, isbi, masks
from train.data.pairs import outlines, pairs, rice_sample, side_by_side, styled
from train.data.phantoms import ellipses
from train.data.portraits import portraits
from train.data.prdeep import prdeep
from train.data.probe_sets import probe
from train.data.rsicd import rsicd_classes
from train.data.sen12mscr import sen12mscr_sample
from train.data.sentinel2_series import HELD_BACK, LAST, sentinel2_change, sentinel2_dates
from train.data.series_sets import ecv, ndvi, series
from train.data.shapes import shapes
from train.data.soil_moisture import soil_moisture, soil_moisture_fields
from train.data.texts import text_set
from train.data.textures import textures
from train.data.worded_scenes import worded_scenes

_PICTURE = {"image": Field((None, None, None), "uint8", "image", (0, 255))}


def _of_mnist(read: Callable[[str], tuple[np.ndarray, np.ndarray]], split: str) -> DataSet:
    images, labels = read(split)
    return labelled(f"{read.__name__}:{split}", images, labels, list("0123456789"))


def _digits(side: str) -> DataSet:
    """5,000 drawn digits by a key that no training has, of 28 pixels a side or as many as asked."""
    images, labels = drawn_digits(HELD_BACK_KEY, _side(side))
    return labelled(_named("digits", side), images, labels, list("0123456789"))


def _test_digits(side: str) -> DataSet:
    """5,000 others, by another such key."""
    images, labels = drawn_digits(TEST_KEY, _side(side))
    return labelled(_named("digits_test", side), images, labels, list("0123456789"))


def _side(word: str) -> int:
    if not (word or "28").isdigit():
        raise ValueError(f"digits:{word}: wanted a number of pixels")
    return int(word or 28)


def _named(kind: str, rest: str) -> str:
    return f"{kind}:{rest}" if rest else kind


def _tfds_32(specification: str) -> DataSet:
    """Grey images with labels of a TFDS data set, brought to 32x32 as `mnist_32` is."""
    source = _tfds(specification)
    if "label" not in source.fields or source.fields["image"].shape[-1] != 1:
        raise ValueError(f"tfds_32:{specification}: wanted grey images with labels")
    items = [source[index] for index in range(len(source))]
    labels = np.array([item["label"] for item in items], np.int32)
    pixels = resized((item["image"] for item in items), 32)
    return labelled(f"tfds_32:{specification}", pixels, labels, source.assets["classes"])


def _celeba_64(split: str) -> DataSet:
    """CelebA's faces by TFDS: the middle 120 x 120 pixels, grey, brought to 64x64."""
    source = _tfds(f"celeb_a:{split}")
    faces = (source[index]["image"] for index in range(len(source)))
    pixels = resized((_grey(_middle(face, 120)) for face in faces), 64)
    fields = {"image": Field(pixels.shape[1:], "uint8", "image", (0, 255))}
    return Stacked(f"celeba_64:{split}", fields, {"image": pixels})


def _middle(image: np.ndarray, side: int) -> np.ndarray:
    top, left = ((length - side) // 2 for length in image.shape[:2])
    return image[top : top + side, left : left + side]


def _grey(image: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(image).convert("L"))[..., None]


def _tfds(specification: str) -> DataSet:
    """A TFDS data set, read without TensorFlow: its images, and their labels where it has them."""
    name = f"tfds:{specification}"
    builder, source = open_tfds(name)
    features = builder.info.features
    image = "image" if "image" in features else "hr"
    # Where images are of many sizes, TFDS says None.
    shape = tuple(features[image].shape)
    fields, classes = {"image": Field(shape, "uint8", "image", (0, 255))}, []
    if "label" in features:
        classes = list(features["label"].names)
        fields["label"] = Field((), "int32", "label", (0, len(classes)))

    def load(index: int) -> dict:
        item = {"image": np.asarray(source[index][image])}
        return item | ({"label": np.int32(source[index]["label"])} if classes else {})

    names = [str(index) for index in range(len(source))]
    return DataSet(name, fields, names, load, {"classes": classes} if classes else {})


def labelled(name: str, images: np.ndarray, labels: np.ndarray, classes: list[str]) -> DataSet:
    """A set of images (N, H, W, C) uint8 of one size and their labels (N,) int32.

    Raises:
      ValueError: a label that no class has.
    """
    outside = labels[(labels < 0) | (labels >= len(classes))]
    if len(outside):
        raise ValueError(
            f"{name}: got the label {outside[0]}, wanted 0 to {len(classes) - 1} of {len(classes)} "
            "classes"
        )
    fields = {
        "image": Field(images.shape[1:], "uint8", "image", (0, 255)),
        "label": Field((), "int32", "label", (0, len(classes))),
    }
    return Stacked(name, fields, {"image": images, "label": labels}, {"classes": classes})


# By the word before the first colon; what follows it is the argument.
KINDS: dict[str, Callable[[str], DataSet]] = {
    "adding": partial(adding, HELD_BACK_KEY),
    "adding_test": partial(adding, TEST_KEY),
    "bursts": bursts,
    "captioned": captioned,
    "celeba_64": _celeba_64,
    "classes": classes,
    "climate_scenes": partial(climate_scenes, HELD_BACK_KEY),
    "climate_scenes_test": partial(climate_scenes, TEST_KEY),
    "cracks": cracks,
    "crops": crops,
    "cubes": cubes,
    "dates": dates,
    "digit_pairs": partial(digit_pairs, HELD_BACK_KEY),
    "digit_pairs_test": partial(digit_pairs, TEST_KEY),
    "digits": _digits,
    "digits_test": _test_digits,
    "drawn_changes": partial(drawn_changes, HELD_BACK_KEY),
    "drawn_changes_test": partial(drawn_changes, TEST_KEY),
    "drawn_pairs": partial(drawn_pairs, HELD_BACK_KEY),
    "drawn_pairs_test": partial(drawn_pairs, TEST_KEY),
    "ecv": ecv,
    "ellipses": partial(ellipses, HELD_BACK_KEY),
    "ellipses_test": partial(ellipses, TEST_KEY),
    "frame_scenes": partial(frame_scenes, HELD_BACK_KEY),
    "frame_scenes_test": partial(frame_scenes, TEST_KEY),
    "outlines": outlines,
    "isbi": isbi,
    "left_to_right": side_by_side,
    "made_cubes": partial(made_cubes, HELD_BACK_KEY),
    "made_cubes_test": partial(made_cubes, TEST_KEY),
    "made_dates": made_dates,
    "made_pairs": made_pairs,
    "made_scenes": made_scenes,
    "masks": masks,
    "mnist": partial(_of_mnist, mnist),
    "mnist_32": partial(_of_mnist, mnist_32),
    "ndvi": ndvi,
    "pairs": pairs,
    "portraits": partial(portraits, HELD_BACK_KEY),
    "portraits_test": partial(portraits, TEST_KEY),
    "prdeep": prdeep,
    "proba_v": proba_v,
    "probe": lambda rest: probe(rest, data_set),
    "rice_sample": rice_sample,
    "right_to_left": partial(side_by_side, reverse=True),
    "rsicd_classes": rsicd_classes,
    "samson": samson,
    "sen12mscr_sample": sen12mscr_sample,
    "sentinel2_change": partial(sentinel2_change, LAST),
    "sentinel2_change_held_back": partial(sentinel2_change, HELD_BACK),
    "sentinel2_dates": sentinel2_dates,
    "sensor_scenes": partial(sensor_scenes, HELD_BACK_KEY),
    "sensor_scenes_test": partial(sensor_scenes, TEST_KEY),
    "series": series,
    "shapes": partial(shapes, HELD_BACK_KEY),
    "shapes_test": partial(shapes, TEST_KEY),
    "soil_moisture": soil_moisture,
    "soil_moisture_fields": partial(soil_moisture_fields, HELD_BACK_KEY),
    "soil_moisture_fields_test": partial(soil_moisture_fields, TEST_KEY),
    "styled": styled,
    "text": text_set,
    "textures": partial(textures, HELD_BACK_KEY),
    "textures_test": partial(textures, TEST_KEY),
    "tfds": _tfds,
    "tfds_32": _tfds_32,
    "worded_scenes": partial(worded_scenes, HELD_BACK_KEY),
    "worded_scenes_test": partial(worded_scenes, TEST_KEY),
}


def data_set(name: str, levels: float | None = None) -> DataSet:
    """Opens a data set.

    Args:
      name: "<kind of KINDS>:<argument>", such as "mnist:test" or "tfds:<name>:<split>"; a name of
        IMAGE_SETS, "<name>/<image>" for one of its images, or a folder of images.
      levels: what white is in the files of a folder; None takes the largest level of their type.

    Raises:
      ValueError: nothing of that name, with the nearest.
    """
    # The variable is part of what is remembered: another folder is another set.
    kind, _, rest = name.partition(":")
    if kind in KINDS:
        if levels is not None:
            raise ValueError(
                f"levels={levels:g}: {name} is no folder; white is said of those alone"
            )
        return _remembered(kind, rest, data_root())
    pictures = image_set(name, levels)
    return DataSet(
        pictures.name, _PICTURE, pictures.names, lambda i: {"image": pictures.colours(i)}
    )


@cache
def _remembered(kind: str, rest: str, root: Path | None) -> DataSet:
    del root
    return KINDS[kind](rest)


__all__ = ["IMAGE_SETS", "KINDS", "data_set", "labelled"]
