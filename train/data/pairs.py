"""Sets of pairs: an image as it is given, and the target that a system should make of it."""

from itertools import zip_longest

import numpy as np
from PIL import Image

from imaging_jax.data_root import under_data
from train.config.registry import look_up
from train.data.data_set import DataSet
from train.data.fields import Field
from train.data.image_sets import ImageSet, folder, image_set
from train.data.images import to_rgb

_LEVELS = Field((None, None, 3), "uint8", "image", (0, 255))
_SIDES = ("image", "target")
_OUTLINES = {"fit": slice(20), "held_back": slice(20, 24), "test": slice(24, None)}
# By the part of RICE that each is a test image of.
_RICE = {"rice1": "test_0026", "rice2": "test_0000"}


def paired(name: str, images: ImageSet, targets: ImageSet) -> DataSet:
    """A set whose items are {"image", "target"}, (H, W, 3) uint8, in the order of both."""
    return DataSet(
        name,
        {"image": _LEVELS, "target": _LEVELS},
        images.names,
        lambda i: {"image": to_rgb(images.colours(i)), "target": to_rgb(targets.colours(i))},
    )


def pairs(rest: str) -> DataSet:
    """Of "<images>:<targets>", two folders or image sets whose images have the same names.

    Raises:
      ValueError: other words, or names that differ.
    """
    images, _, targets = rest.partition(":")
    if not (images and targets):
        raise ValueError(f"pairs:{rest}: wanted pairs:<images>:<targets>")
    given, wanted = image_set(images), image_set(targets)
    for pair in zip_longest(given.names, wanted.names):
        if len({*pair}) > 1:
            raise ValueError(f"pairs:{rest}: wanted the same names, got {pair}")
    return paired(f"pairs:{rest}", given, wanted)


def side_by_side(path: str, *, reverse: bool = False) -> DataSet:
    """Pairs of a folder whose pictures hold both halves, as pix2pix' data sets do.

    Args:
      path: of the folder.
      reverse: the right half is given and the left one wanted, instead of the other way round.

    Raises:
      ValueError: a picture of an odd number of columns, named; no folder.
    """
    whole = image_set(path)

    def load(index: int) -> dict[str, np.ndarray]:
        pixels = to_rgb(whole.colours(index))
        width = pixels.shape[1]
        if width % 2:
            raise ValueError(f"{whole.files[index]} is {width} pixels wide, wanted two halves")
        halves = np.split(pixels, 2, axis=1)
        return dict(zip(_SIDES, reversed(halves) if reverse else halves, strict=True))

    name = f"{'right_to_left' if reverse else 'left_to_right'}:{path}"
    return DataSet(name, dict.fromkeys(_SIDES, _LEVELS), whole.names, load)


def outlines(rest: str) -> DataSet:
    """Opens "<split>:<side>": outlines of people, and the people cut out, brought to squares.

    Of the thirty pairs, by number, the last six are "test", the four before them "held_back", to
    choose checkpoints by, the others "fit". Both sides are
    resampled by antialiased bicubics. The files bear the name of the CMP facades, which they
    aren't.

    Raises:
      ValueError: other words; IMAGING_DATA unset.
    """
    split, _, side = rest.partition(":")
    if split not in _OUTLINES or not side.isdigit():
        raise ValueError(f"outlines:{rest}: wanted outlines:<{' or '.join(_OUTLINES)}>:<pixels>")
    path = under_data("translation/facades", "the set outlines")
    source = side_by_side(str(path), reverse=True)
    by_number = sorted(range(len(source)), key=lambda i: int(source.names[i].rpartition("_")[2]))
    chosen = source.part(f"outlines:{rest}", by_number[_OUTLINES[split]])
    size = (int(side), int(side))

    def load(index: int) -> dict[str, np.ndarray]:
        return {
            field: np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))
            for field, pixels in chosen.load(index).items()
        }

    square = Field((*size, 3), "uint8", "image", (0, 255))
    return DataSet(chosen.name, dict.fromkeys(_SIDES, square), chosen.names, load)


def styled(rest: str) -> DataSet:
    """Opens "<painting>:<images>": images, and beside each a painting that it should look like.

    The painting is cut to its middle of the size of the image, or continued by reflection.

    Raises:
      ValueError: an unknown set, or one of several paintings.
    """
    style, _, name = rest.partition(":")
    if not (style and name):
        raise ValueError(f"styled:{rest}: wanted styled:<painting>:<images>")
    paintings, images = image_set(style), image_set(name)
    if len(paintings) != 1:
        raise ValueError(f"styled:{rest}: {style} has {len(paintings)} images, wanted one painting")

    def load(index: int) -> dict[str, np.ndarray]:
        image, painting = to_rgb(images.colours(index)), to_rgb(paintings.colours(0))
        return {"image": image, "style": _middle(painting, image.shape[:2])}

    fields = dict.fromkeys(("image", "style"), _LEVELS)
    return DataSet(f"styled:{rest}", fields, images.names, load)


def _middle(painting: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    lacking = [max(0, wanted - found) for wanted, found in zip(shape, painting.shape, strict=False)]
    margins = [(count // 2, count - count // 2) for count in lacking]
    continued = np.pad(painting, [*margins, (0, 0)], mode="symmetric")
    top, left = (
        (found - wanted) // 2 for found, wanted in zip(continued.shape, shape, strict=False)
    )
    return continued[top : top + shape[0], left : left + shape[1]]


def rice_sample(rest: str) -> DataSet:
    """Cloudy and clear images of one place, 512x512, of RICE (Lin et al., arXiv 1901.00600).

    "rice1" and "rice2" are one pair of either part; no words are both.

    Raises:
      ValueError: another part; IMAGING_DATA unset.
    """
    chosen = [look_up(_RICE, rest, "rice_sample")] if rest else [*_RICE.values()]
    whole = folder(under_data("remote_sensing/rice_sample", "the set rice_sample"))
    place = {name: index for index, name in enumerate(whole.names)}
    cloudy, clear = (
        whole.part(kind, [place[f"{name}_{kind}"] for name in chosen])
        for kind in ("cloudy", "clear")
    )
    return paired(f"rice_sample:{rest}" if rest else "rice_sample", cloudy, clear)
