"""Image files into pictures."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image, UnidentifiedImageError

from train.data.images.array_files import read_array_file
from train.data.images.picture import DEPTHS, Picture
from train.data.images.pillow_files import read_with_pillow
from train.data.images.tiff_files import read_tiff

# A deliberate bomb stays an error; a large scan is an image.
Image.MAX_IMAGE_PIXELS = 1 << 30

_TIFF, _ARRAYS = (".tif", ".tiff"), (".npy", ".npz")
_SOFTWARE_TAG = 305


class UnreadableImage(ValueError):
    """A file that isn't an image this project reads; the message names it and says why."""


def read(path: str | Path, levels: float | None = None) -> Picture:
    """Reads the one picture of a file.

    Palettes become colours, CMYK becomes RGB, a transparent colour becomes alpha, the camera's
    orientation is applied.

    Args:
      path: the file.
      levels: what white is; None takes the largest level of 8 or 16 bits, or 1 of floats.

    Raises:
      UnreadableImage: not an image, damaged or cut short, of a kind not read, of several pages,
        or with levels beyond white; names the file.
    """
    pages = read_pages(path, levels)
    picture = next(pages)
    if next(pages, None) is not None:
        raise UnreadableImage(
            f"{path} holds several pages or frames; wanted one (train.predict --pages takes each; "
            "bands are read where they stand in one page)"
        )
    return picture


def read_pages(path: str | Path, levels: float | None = None) -> Iterator[Picture]:
    """Reads a file's pages or frames, one when asked for the next; otherwise as `read`."""
    path = Path(path)
    with _refused_by_name(path):
        suffix = path.suffix.lower()
        reader = read_tiff if suffix in _TIFF else read_array_file if suffix in _ARRAYS else None
        none = True
        for picture in (reader or read_with_pillow)(path):
            none = False
            yield _measured(picture, levels)
        if none:
            raise ValueError("it holds no page")


def software(path: Path) -> str:
    """The program that a file says it was written by; empty where it says none."""
    try:
        if path.suffix.lower() == ".npz":
            with np.load(path) as file:
                return str(file["software"]) if "software" in file.files else ""
        if path.suffix.lower() in _TIFF:
            with tifffile.TiffFile(path) as file:
                return file.pages.first.software
        with Image.open(path) as file:
            return str(file.info.get("Software") or file.getexif().get(_SOFTWARE_TAG, ""))
    except Exception:
        # What is wrong with the file is told where it is read.
        return ""


@contextmanager
def _refused_by_name(path: Path):
    try:
        yield
    except UnidentifiedImageError:
        raise UnreadableImage(f"{path} is not an image, or of a kind not read") from None
    except (MemoryError, UnreadableImage):
        raise
    except Exception as error:
        raise UnreadableImage(f"{path} can't be read: {error}") from None


def _measured(picture: Picture, levels: float | None) -> Picture:
    """The picture with its white, which no level may pass."""
    largest = DEPTHS[picture.pixels.dtype]
    floats = picture.pixels.dtype.kind == "f"
    if levels is not None and levels > largest and not floats:
        raise ValueError(f"levels={levels:g}: its {picture.pixels.dtype} end at {largest}")
    white = levels or largest
    low, high = picture.pixels.min(), picture.pixels.max()
    if not (low >= 0 and high <= white):
        raise ValueError(
            f"it holds levels from {low:g} to {high:g}; wanted 0 to {white:g} "
            "(levels, for train.predict --levels, says what white is)"
        )
    return replace(picture, white=white)
