"""ENVI's cubes: a header in words, and the numbers beside it.

Keys and codes as NV5 documents them, "ENVI Header Files".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from train.data.cubes.arrays import check_no_variable
from train.data.cubes.cube import Contents, Cube, in_nanometres
from train.data.cubes.files import paths_written, raw_file_of, raw_suffix_of

_ENTRY = re.compile(r"^[ \t]*([^=;{}\r\n]+?)[ \t]*=[ \t]*(\{[^}]*\}|[^\r\n{]*)", re.MULTILINE)
_TYPES = {1: "u1", 2: "i2", 3: "i4", 4: "f4", 5: "f8", 12: "u2", 13: "u4", 14: "i8", 15: "u8"}
_ORDERS = {0: "<", 1: ">"}
_BAND_AXES = {"bsq": 0, "bil": 1, "bip": 2}
_WAVELENGTHS = "wavelength"
# Every byte is a letter, so that a header is written as it was read.
_ENCODING = "latin-1"
# UTF-8's, as it reads in that encoding.
_BYTE_ORDER_MARK = "\u00ef\u00bb\u00bf"


@dataclass(frozen=True)
class _Layout:
    """How the numbers lie in the raw file."""

    shape: tuple[int, ...]
    dtype: np.dtype
    band_axis: int
    offset: int


def read_envi(path: Path, variable: str) -> Contents:
    """Reads a header and the file beside it; the header's words are kept.

    Raises:
      ValueError: no header of ENVI, a missing key, an unknown value, complex numbers, no raw file
        or several, or one of another size than the header says.
    """
    check_no_variable(variable)
    header = path.read_bytes().decode(_ENCODING)
    entries = _entries(header)
    layout = _layout(entries)
    raw = raw_file_of(path)
    lead = _lead(raw, layout)
    array = np.fromfile(raw, layout.dtype, offset=layout.offset).reshape(layout.shape)
    kept = {"header": header, "lead": lead, "raw_suffix": raw_suffix_of(raw)}
    return Contents(array, kept, layout.band_axis, _wavelengths(entries))


def write_envi(path: Path, array: np.ndarray, cube: Cube, kept: Mapping) -> None:
    """Writes both files, the header as it was read, whole or, of another cube, a new one.

    Raises:
      ValueError: a type that ENVI doesn't hold, or another shape or type than the header's.
    """
    header = kept.get("header") or _header(array, cube.wavelengths)
    layout = _layout(_entries(header))
    if (array.shape, array.dtype) != (layout.shape, layout.dtype):
        raise ValueError(
            f"a cube of {array.dtype} and shape {array.shape}; wanted {layout.dtype} and "
            f"{layout.shape}, as its header says"
        )
    header_file, raw_file = paths_written(path, kept.get("raw_suffix", ".img"))
    with raw_file.open("wb") as file:
        file.write(kept.get("lead", b""))
        file.write(np.ascontiguousarray(array).tobytes())
    header_file.write_bytes(header.encode(_ENCODING))


def _entries(header: str) -> dict[str, str]:
    if not header.removeprefix(_BYTE_ORDER_MARK).startswith("ENVI"):
        raise ValueError("it is no header of ENVI, whose first word is ENVI")
    return {key.lower(): value.strip() for key, value in _ENTRY.findall(header)}


def _layout(entries: Mapping[str, str]) -> _Layout:
    rows, columns, bands = (_number(entries, key) for key in ("lines", "samples", "bands"))
    if min(rows, columns, bands) < 1:
        raise ValueError(f"lines, samples, bands = {rows}, {columns}, {bands}; wanted 1 at least")
    code, order = _number(entries, "data type"), _number(entries, "byte order", 0)
    if code not in _TYPES or order not in _ORDERS:
        known = ", ".join(map(str, _TYPES))
        raise ValueError(
            f"data type = {code}, byte order = {order}; wanted a type of {known} and order 0 or 1"
        )
    interleave = entries.get("interleave", "").lower()
    if interleave not in _BAND_AXES:
        raise ValueError(f"interleave = {interleave or 'missing'}; wanted bsq, bil or bip")
    axis = _BAND_AXES[interleave]
    shape = [rows, columns]
    shape.insert(axis, bands)
    dtype = np.dtype(_ORDERS[order] + _TYPES[code])
    return _Layout(tuple(shape), dtype, axis, _number(entries, "header offset", 0))


def _number(entries: Mapping[str, str], key: str, default: int | None = None) -> int:
    words = entries.get(key)
    if words is None and default is not None:
        return default
    if words is None or not words.isdigit():
        raise ValueError(f"{key} = {'missing' if words is None else words}; wanted a whole number")
    return int(words)


def _lead(raw: Path, layout: _Layout) -> bytes:
    """What stands before the numbers, if the file is as long as the header says."""
    wanted = layout.offset + int(np.prod(layout.shape)) * layout.dtype.itemsize
    found = raw.stat().st_size
    if found != wanted:
        raise ValueError(f"{raw.name} has {found} bytes; the header says {wanted}")
    with raw.open("rb") as file:
        return file.read(layout.offset)


def _wavelengths(entries: Mapping[str, str]) -> np.ndarray | None:
    words = entries.get(_WAVELENGTHS, "").strip("{} \t\r\n")
    if not words:
        return None
    try:
        values = np.array([float(word) for word in words.split(",") if word.strip()])
    except ValueError:
        raise ValueError(f"wavelength = {words[:40]}…; wanted numbers between commas") from None
    return in_nanometres(values, entries.get("wavelength units", ""))


def _header(array: np.ndarray, wavelengths: np.ndarray | None) -> str:
    """The header of a cube whose bands are one after the other."""
    bands, rows, columns = array.shape
    kind = f"{array.dtype.kind}{array.dtype.itemsize}"
    codes = {name: code for code, name in _TYPES.items()}
    if kind not in codes:
        raise ValueError(f"ENVI's files hold no {array.dtype}")
    order = int(array.dtype.newbyteorder(">") == array.dtype)
    lines = [
        "ENVI",
        f"samples = {columns}",
        f"lines = {rows}",
        f"bands = {bands}",
        "header offset = 0",
        "file type = ENVI Standard",
        f"data type = {codes[kind]}",
        "interleave = bsq",
        f"byte order = {order if array.dtype.itemsize > 1 else 0}",
    ]
    if wavelengths is not None:
        values = ", ".join(f"{value:.10g}" for value in wavelengths)
        lines += ["wavelength units = Nanometers", f"{_WAVELENGTHS} = {{{values}}}"]
    return "\n".join(lines) + "\n"
