"""NumPy's files in and out; nothing in them is unpickled."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from train.data.images.picture import DEPTHS, Picture

_KEY, _SOFTWARE = "image", "software"


def native(pixels: np.ndarray) -> np.ndarray:
    """Unsigned 8 or 16 bits in the machine's order of bytes, floats of any width as float32.

    Raises:
      ValueError: another type.
    """
    if pixels.dtype.kind == "f":
        return pixels.astype(np.float32, copy=False)
    if pixels.dtype.kind != "u" or pixels.dtype.itemsize > 2:
        raise ValueError(f"it holds {pixels.dtype}; wanted uint8, uint16 or floats")
    return pixels.astype(pixels.dtype.newbyteorder("="), copy=False)


def read_array_file(path: Path) -> Iterator[Picture]:
    """Reads (H, W), (H, W, bands) or, as pages, (N, H, W, bands); none of the bands is alpha."""
    array = native(np.load(path) if path.suffix.lower() == ".npy" else _only_array(path))
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim not in (3, 4) or 0 in array.shape:
        raise ValueError(
            f"it holds shape {array.shape}; wanted (H, W), (H, W, bands) or (pages, H, W, bands)"
        )
    for pixels in array if array.ndim == 4 else [array]:
        yield Picture(pixels, alpha=False, white=DEPTHS[pixels.dtype])


def write_array_file(path: Path, pages: Sequence[Picture], software: str) -> None:
    """Writes (H, W, C), or (N, H, W, C) of several pages of one shape."""
    pixels = pages[0].pixels if len(pages) == 1 else np.stack([page.pixels for page in pages])
    if path.suffix.lower() == ".npy":
        np.save(path, pixels)
    else:
        np.savez(path, **{_KEY: pixels}, **({_SOFTWARE: software} if software else {}))


def _only_array(path: Path) -> np.ndarray:
    with np.load(path) as file:
        names = [name for name in file.files if name != _SOFTWARE]
        if len(names) != 1:
            raise ValueError(f"it holds {len(names)} arrays ({', '.join(names)}); wanted one")
        return file[names[0]]
