"""Files that say the class of each pixel, and what their levels or colours mean."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from scipy import io

from train.data.images import SUFFIXES
from train.data.images.class_maps import UNLABELLED
from train.data.images.files import visible_files

# CrackForest numbers the parts of a road that a crack cuts off, which are background.
_CRACK = 2
_ENDINGS = (*(ending for ending in SUFFIXES if ending not in (".npy", ".npz")), ".mat")
_COLOUR = re.compile(r"[0-9a-f]{6}")
# Stands for pixels that don't count, where a legend names a class.
_NONE = "-"


@dataclass(frozen=True)
class Legend:
    """What masks say.

    Attributes:
      classes: their names, by number.
      colours: {(red, green, blue): class or UNLABELLED} where masks are colours; else levels, or
        places in a palette, are the classes' numbers.
    """

    classes: tuple[str, ...]
    colours: Mapping[tuple[int, int, int], int]


def read_legend(words: str) -> Legend:
    """Reads "<class>,<class>,…" or "<class>=<rrggbb>,…", where "-=<rrggbb>" doesn't count.

    Raises:
      ValueError: fewer than two classes, one named twice, some with colours and some without, or a
        colour that isn't six hexadecimal digits, or that two classes have.
    """
    parts = [part.partition("=")[::2] for part in words.split(",")]
    classes = tuple(name for name, _ in parts if name != _NONE)
    colours = [colour.lower() for _, colour in parts if colour]
    whole = len(colours) in (0, len(parts))
    if not (
        len(classes) > 1
        and all(classes)
        and len({*classes}) == len(classes)
        and whole
        and all(_COLOUR.fullmatch(colour) for colour in colours)
        and len({*colours}) == len(colours)
    ):
        raise ValueError(
            f"classes {words!r}: wanted <class>,<class>,… or <class>=<rrggbb>,<class>=<rrggbb>,… "
            "of two classes at least, each once"
        )
    numbers = {name: number for number, name in enumerate(classes)}
    by_colour = {
        tuple(bytes.fromhex(colour)): numbers.get(name, UNLABELLED)
        for (name, _), colour in zip(parts, colours, strict=False)
    }
    return Legend(classes, by_colour)


def mask_files(folder: Path) -> dict[str, Path]:
    """The masks of a folder and its subfolders, by their path in it without the ending.

    Raises:
      ValueError: no folder, none in it, or two of one name.
    """
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder of masks")
    found = {}
    for file in sorted(visible_files(folder)):
        if file.suffix.lower() not in _ENDINGS:
            continue
        name = file.relative_to(folder).with_suffix("").as_posix()
        if name in found:
            raise ValueError(f"{found[name]} and {file} are masks of one name")
        found[name] = file
    if not found:
        raise ValueError(f"{folder} holds no mask; known endings: {', '.join(_ENDINGS)}")
    return found


def read_mask(file: Path, legend: Legend) -> np.ndarray:
    """Reads the classes of pixels, (H, W, 1) uint8, UNLABELLED where they don't count.

    A .mat file is one of CrackForest, whose cracks become class 1.

    Raises:
      ValueError: a level or a colour that the legend lacks, or a file that is no mask; names it.
    """
    if file.suffix.lower() == ".mat":
        return _crack_forest(file)
    try:
        with Image.open(file) as mask:
            # As its picture, it may say how the camera was held.
            upright = ImageOps.exif_transpose(mask)
            pixels = np.asarray(upright.convert("RGB") if legend.colours else upright)
    except OSError as error:
        raise ValueError(f"{file} can't be read as a mask: {error}") from None
    found = _by_colour(pixels, legend, file) if legend.colours else _by_level(pixels, legend, file)
    return found[..., None]


def _by_level(pixels, legend, file):
    if pixels.ndim != 2:
        raise ValueError(
            f"{file} holds colours; wanted one level a pixel, or classes with their colours, as "
            "background=000000"
        )
    found = np.unique(pixels)
    if len(legend.classes) == 2 and UNLABELLED in found and 1 not in found:
        first, second = legend.classes
        raise ValueError(
            f"{file} holds no level 1, but {UNLABELLED}, which is no class; for masks of black and "
            f"white the classes are {first}=000000,{second}=ffffff"
        )
    foreign = np.setdiff1d(pixels, [*range(len(legend.classes)), UNLABELLED])
    if foreign.size:
        raise ValueError(
            f"{file} holds the level {foreign[0]}; wanted 0 to {len(legend.classes) - 1} of the "
            f"classes {', '.join(legend.classes)}, or {UNLABELLED} for none"
        )
    return pixels.astype(np.uint8)


def _by_colour(pixels, legend, file):
    packed = _packed(pixels)
    known = {int(_packed(np.array(colour))): number for colour, number in legend.colours.items()}
    found = np.unique(packed)
    foreign = [colour for colour in found if int(colour) not in known]
    if foreign:
        wanted = ", ".join(f"{colour:06x}" for colour in known)
        raise ValueError(
            f"{file} holds the colour {foreign[0]:06x}, which no class has; known are {wanted}"
        )
    numbers = np.array([known[int(colour)] for colour in found], np.uint8)
    return numbers[np.searchsorted(found, packed)]


def _packed(colours):
    red, green, blue = np.moveaxis(colours.astype(np.int32), -1, 0)
    return (red << 16) + (green << 8) + blue


def _crack_forest(file):
    try:
        truth = io.loadmat(file)["groundTruth"]["Segmentation"][0, 0]
    except Exception as error:
        raise ValueError(f"{file} can't be read as a mask of CrackForest: {error}") from None
    return (truth == _CRACK).astype(np.uint8)[..., None]
