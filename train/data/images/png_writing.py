"""PNG of 8 and 16 bits, written by rows: no copy of the whole picture is made."""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from train.data.images.picture import Picture

_COLOUR_TYPES = {(1, False): 0, (3, False): 2, (1, True): 4, (3, True): 6}
_INCHES_PER_METRE = 1 / 0.0254
# Bytes that are filtered at a time.
_BLOCK = 1 << 22


def write_png(path: Path, picture: Picture, software: str) -> None:
    """Writes grey or RGB, with or without alpha (PNG specification, third edition)."""
    height, width, _ = picture.pixels.shape
    depth = 8 * picture.pixels.dtype.itemsize
    colour_type = _COLOUR_TYPES[picture.bands, picture.alpha]
    with path.open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
        _chunk(file, b"IHDR", header)
        if picture.profile:
            _chunk(file, b"iCCP", b"ICC profile\0\0" + zlib.compress(picture.profile))
        if picture.dpi:
            across, down = (round(dpi * _INCHES_PER_METRE) for dpi in picture.dpi)
            _chunk(file, b"pHYs", struct.pack(">IIB", across, down, 1))
        if software:
            _chunk(file, b"tEXt", b"Software\0" + software.encode("latin1"))
        compress = zlib.compressobj()
        for rows in _filtered_rows(picture.pixels):
            if data := compress.compress(rows):
                _chunk(file, b"IDAT", data)
        _chunk(file, b"IDAT", compress.flush())
        _chunk(file, b"IEND", b"")


def _chunk(file: BinaryIO, kind: bytes, data: bytes) -> None:
    checksum = zlib.crc32(data, zlib.crc32(kind))
    file.write(struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum))


def _filtered_rows(pixels: np.ndarray) -> Iterator[bytes]:
    """Rows after the filter, named in their first byte, whose differences are smallest."""
    height, width, channels = pixels.shape
    step = channels * pixels.dtype.itemsize
    count = max(1, _BLOCK // (width * step))
    above = np.zeros((1, width * step), np.uint8)
    for first in range(0, height, count):
        block = pixels[first : first + count]
        big_endian = np.ascontiguousarray(block, block.dtype.newbyteorder(">"))
        rows = big_endian.view(np.uint8).reshape(len(block), -1)
        candidates = _candidates(rows, np.concatenate([above, rows[:-1]]), step)
        sizes = [_differences(candidate) for candidate in candidates]
        chosen = np.argmin(sizes, axis=0).astype(np.uint8)
        filtered = np.empty((len(rows), 1 + rows.shape[1]), np.uint8)
        filtered[:, 0] = chosen
        for index, candidate in enumerate(candidates):
            filtered[chosen == index, 1:] = candidate[chosen == index]
        yield filtered.tobytes()
        above = rows[-1:]


def _differences(filtered: np.ndarray) -> np.ndarray:
    return np.abs(filtered.view(np.int8).astype(np.int16)).sum(axis=1, dtype=np.int64)


def _candidates(rows: np.ndarray, above: np.ndarray, step: int) -> list[np.ndarray]:
    """The five filters of section 9: none, sub, up, average, Paeth; differences are modulo 256."""
    left, corner = np.zeros_like(rows), np.zeros_like(rows)
    left[:, step:], corner[:, step:] = rows[:, :-step], above[:, :-step]
    a, b, c = (part.astype(np.int16) for part in (left, above, corner))
    average = ((a + b) >> 1).astype(np.uint8)
    to_left, to_above, to_corner = abs(b - c), abs(a - c), abs(a + b - 2 * c)
    nearest = np.where(to_above <= to_corner, above, corner)
    paeth = np.where((to_left <= to_above) & (to_left <= to_corner), left, nearest)
    return [rows, rows - left, rows - above, rows - average, rows - paeth]
