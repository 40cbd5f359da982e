"""Pictures into image files."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from train.data.images.array_files import write_array_file
from train.data.images.picture import Picture
from train.data.images.pillow_files import write_with_pillow
from train.data.images.png_writing import write_png
from train.data.images.tiff_files import write_tiff


@dataclass(frozen=True)
class _Holds:
    """What a format holds beside eight bits of grey or RGB."""

    types: tuple[str, ...] = ("uint8",)
    bands: bool = False
    alpha: bool = False
    pages: bool = False
    profile: bool = False
    dpi: bool = False


_ALL_TYPES = ("uint8", "uint16", "float32")
_TIFF = _Holds(_ALL_TYPES, bands=True, alpha=True, pages=True, profile=True, dpi=True)
_ARRAYS = _Holds(_ALL_TYPES, bands=True, pages=True)
_JPEG = _Holds(profile=True, dpi=True)
_PNG = _Holds(("uint8", "uint16"), alpha=True, pages=True, profile=True, dpi=True)
_FORMATS = {
    ".png": _PNG,
    ".tif": _TIFF,
    ".tiff": _TIFF,
    ".npy": _ARRAYS,
    ".npz": _ARRAYS,
    ".jpg": _JPEG,
    ".jpeg": _JPEG,
    ".webp": _Holds(alpha=True, profile=True),
    ".bmp": _Holds(dpi=True),
    ".gif": _Holds(),
    ".ppm": _Holds(),
    ".pgm": _Holds(),
}


def write(path: str | Path, image: np.ndarray | Picture, software: str = "") -> None:
    """Writes a picture, or bare pixels (H, W, 1 to 4); see `write_pages`."""
    write_pages(path, [image if isinstance(image, Picture) else Picture.of(image)], software)


def write_pages(path: str | Path, pages: Sequence[Picture], software: str = "") -> None:
    """Writes pages or frames into one file, which appears whole or not at all.

    Args:
      path: the file; its ending says the format.
      pages: one at least.
      software: the program's name, for formats that hold one.

    Raises:
      ValueError: pixels that the format doesn't hold; names the file and says what does.
    """
    path = Path(path)
    check_writable(path, pages)
    with appearing_whole(path) as temporary:
        _writer(path, pages)(temporary, pages, software)


@contextmanager
def appearing_whole(path: Path) -> Iterator[Path]:
    """Gives a file to be written, which becomes that of the path, or goes where an error comes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def lost(path: Path, picture: Picture) -> list[str]:
    """What a picture's file says, in words, that the file written at `path` doesn't."""
    holds = _FORMATS[path.suffix.lower()]
    words = list(picture.unkept)
    if picture.profile and not holds.profile:
        words.append("the ICC profile")
    if picture.dpi and not holds.dpi:
        words.append("the DPI")
    if picture.alpha and not holds.alpha:
        words.append("that its last channel is alpha")
    if path.suffix.lower() == ".gif":
        words.append("more than 256 colours")
    return words


def _writer(path: Path, pages: Sequence[Picture]):
    suffix = path.suffix.lower()
    if suffix == ".png" and len(pages) == 1:
        return lambda file, pages, software: write_png(file, pages[0], software)
    holds = _FORMATS[suffix]
    return {_TIFF: write_tiff, _ARRAYS: write_array_file}.get(holds, write_with_pillow)


def check_writable(path: str | Path, pages: Sequence[Picture]) -> None:
    """Raises a ValueError where the format that the ending names doesn't hold these pictures."""
    path = Path(path)
    if path.suffix.lower() not in _FORMATS:
        raise ValueError(f"{path}: known endings are {', '.join(_FORMATS)}")
    holds = _FORMATS[path.suffix.lower()]
    animated = path.suffix.lower() == ".png" and len(pages) > 1
    for page in pages:
        depth = page.pixels.dtype.name
        if depth not in holds.types or (animated and depth != "uint8"):
            raise ValueError(f"{path}: {_NAMES[depth]} are written as {_that_hold(depth)}")
        if page.bands not in (1, 3) and not holds.bands:
            raise ValueError(f"{path}: {page.bands} bands are written as .tif, .npy or .npz")
        if page.alpha and not holds.alpha and not holds.bands:
            raise ValueError(f"{path}: alpha is written as .png, .tif or .webp")
    if len(pages) > 1 and not holds.pages:
        raise ValueError(f"{path}: {len(pages)} pages are written as .tif, .png, .npy or .npz")
    shapes = {page.pixels.shape for page in pages}
    if holds is _ARRAYS and len(shapes) > 1:
        raise ValueError(f"{path}: pages of several shapes are written as .tif")


_NAMES = {"uint8": "8 bits", "uint16": "16 bits", "float32": "floats"}


def _that_hold(depth: str) -> str:
    return ".png, .tif, .npy or .npz" if depth == "uint16" else ".tif, .npy or .npz"
