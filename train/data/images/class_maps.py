"""Maps of classes as pictures: a palette, files, and images tinted by them."""

from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin

from train.data.images.writing import appearing_whole

# Of pixels that don't count, as in the palettes of Pascal VOC.
UNLABELLED = 255
# The first black; colours that most people tell apart (Okabe and Ito, 2008).
_COLOURS = np.array(
    [
        *((0, 0, 0), (230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66)),
        *((0, 114, 178), (213, 94, 0), (204, 121, 167)),
    ],
    np.uint8,
)


def class_colours(count: int) -> np.ndarray:
    """A colour for each class, (count, 3) uint8; beyond the eighth they come again, darker."""
    others = np.tile(_COLOURS[1:], (-(-count // (len(_COLOURS) - 1)), 1))
    rounds = 1 + np.arange(len(others)) // (len(_COLOURS) - 1)
    return np.concatenate([_COLOURS[:1], others // rounds[:, None]])[:count].astype(np.uint8)


def overlay(image: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Tints pixels of an image (H, W, 3) uint8 by their classes (H, W), with a white inner edge.

    Those of class 0 stay, and those that don't count.
    """
    classes = np.where(classes == UNLABELLED, 0, classes)
    colours = class_colours(int(classes.max(initial=0)) + 1)[classes]
    mixed = (image.astype(np.uint16) + colours) // 2
    around = np.pad(classes, 1, mode="edge")
    neighbours = (around[:-2, 1:-1], around[2:, 1:-1], around[1:-1, :-2], around[1:-1, 2:])
    mixed[np.any([classes != other for other in neighbours], axis=0)] = 255
    return np.where((classes > 0)[..., None], mixed, image).astype(np.uint8)


def write_class_map(path: Path, classes: np.ndarray, count: int, software: str) -> None:
    """Writes classes (H, W) uint8 as a .png with a palette; it appears whole or not at all."""
    picture = Image.fromarray(classes, "P")
    picture.putpalette(class_colours(count).tobytes())
    words = PngImagePlugin.PngInfo()
    words.add_text("Software", software)
    with appearing_whole(path) as temporary:
        picture.save(temporary, pnginfo=words)
