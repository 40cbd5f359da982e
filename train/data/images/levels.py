"""Levels of files and numbers in [0, 1]."""

import io
from collections.abc import Iterator

import numpy as np
from PIL import Image

from train.data.images.picture import DEPTHS

# Numbers that are rounded at a time: float64 copies of whole pictures would fill the memory.
_BLOCK = 1 << 20


def to_float(image: np.ndarray, white: float | None = None) -> np.ndarray:
    """Maps levels to float32, `white` (default: the type's largest) to 1."""
    white = DEPTHS[image.dtype] if white is None else white
    return np.divide(image, np.float32(white), dtype=np.float32)


def from_float(image: np.ndarray, dtype=np.uint8, white: float | None = None) -> np.ndarray:
    """Maps [0, 1], clipped, to the levels of `dtype`: half away from zero, 1 to `white`."""
    image = np.asarray(image)
    dtype = np.dtype(dtype)
    white = DEPTHS[dtype] if white is None else white
    levels = np.empty(image.shape, dtype)
    for part, found in zip(_blocks(image), _blocks(levels), strict=True):
        scaled = np.clip(part.astype(np.float64), 0, 1) * white
        found[:] = np.floor(scaled + 0.5) if dtype.kind == "u" else scaled
    return levels


def to_uint8(image: np.ndarray, white: float | None = None) -> np.ndarray:
    """Rounds levels to 8 bits, `white` (default: the type's largest) to 255."""
    white = DEPTHS[image.dtype] if white is None else white
    if image.dtype == np.uint8 and white == 255:
        return image
    levels = np.empty(image.shape, np.uint8)
    for part, found in zip(_blocks(image), _blocks(levels), strict=True):
        found[:] = np.floor(part.astype(np.float64) * 255 / white + 0.5)
    return levels


def to_rgb(image: np.ndarray) -> np.ndarray:
    """Repeats grey: (H, W, 1 or 3) -> (H, W, 3)."""
    return np.repeat(image, 3, axis=-1) if image.shape[-1] == 1 else image


def jpeg_round_trip(image: np.ndarray, quality: int) -> np.ndarray:
    """Compresses and decompresses (H, W, 1 or 3) uint8 by Pillow's JPEG."""
    buffer = io.BytesIO()
    Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(
        buffer, "JPEG", quality=quality
    )
    with Image.open(buffer) as file:
        return np.asarray(file).reshape(image.shape)


def _blocks(array: np.ndarray) -> Iterator[np.ndarray]:
    flat = array.reshape(-1)
    return (flat[first : first + _BLOCK] for first in range(0, flat.size, _BLOCK))
