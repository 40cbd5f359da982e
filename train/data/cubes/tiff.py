"""Cubes as TIFF: a page a band, or one page of many samples."""

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import tifffile

from train.data.cubes.arrays import check_no_variable
from train.data.cubes.cube import Contents, Cube

_PAGES, _TOGETHER, _APART = "pages", "contig", "separate"
_PLAIN = (tifffile.PHOTOMETRIC.MINISBLACK, tifffile.PHOTOMETRIC.RGB)
# Where on Earth the cube lies, and GDAL's words and value for no data.
_KEPT_TAGS = (33550, 33922, 34264, 34735, 34736, 34737, 42112, 42113)
# From four gigabytes on, which 32-bit offsets don't reach.
_BIG = 2**32 - 2**25


def read_tiff(path: Path, variable: str) -> Contents:
    """Reads pages that are bands, or one page whose samples are; GeoTIFF's tags are kept.

    Raises:
      ValueError: pages of several shapes or types, of several samples each, of palettes, or a
        stack behind one page.
    """
    check_no_variable(variable)
    with tifffile.TiffFile(path) as file:
        # ImageJ and tifffile may describe a stack once, in its first page.
        shape = file.series[0].shape if file.series else ()
        everything = [file.pages[index] for index in range(len(file.pages))]
        pages = [page for page in everything if not page.is_reduced]
        if len(pages) == 1 and math.prod(shape) > math.prod(pages[0].shape):
            raise ValueError(f"a stack of {shape} behind one page is not read; wanted a page each")
        _check(pages)
        tags = [pages[0].tags[code] for code in _KEPT_TAGS if code in pages[0].tags]
        extra = [(tag.code, tag.dtype, tag.count, tag.value, True) for tag in tags]
        axes = pages[0].axes
        array = pages[0].asarray() if len(pages) == 1 else np.stack([p.asarray() for p in pages])
        array = array.astype(array.dtype.newbyteorder(file.byteorder), copy=False)
    if len(pages) > 1:
        return Contents(array, {"planes": _PAGES, "tags": extra}, 0)
    if axes == "YX":
        return Contents(array[None], {"planes": _PAGES, "tags": extra}, 0)
    planes, axis = (_APART, 0) if axes == "SYX" else (_TOGETHER, 2)
    return Contents(array, {"planes": planes, "tags": extra}, axis)


def write_tiff(path: Path, array: np.ndarray, cube: Cube, kept: Mapping) -> None:
    """Writes pages, or one page, as the file that was read has them; uncompressed."""
    del cube
    planes, tags = kept.get("planes", _PAGES), kept.get("tags", [])
    order = array.dtype.byteorder if array.dtype.byteorder in "<>" else None
    options = {"photometric": "minisblack", "metadata": None}
    with tifffile.TiffWriter(path, bigtiff=array.nbytes > _BIG, byteorder=order) as file:
        if planes == _PAGES:
            for index, band in enumerate(array):
                file.write(band, extratags=[] if index else tags, **options)
        else:
            samples = array.shape[0 if planes == _APART else 2]
            extra = ["unspecified"] * (samples - 1)
            file.write(array, planarconfig=planes, extrasamples=extra, extratags=tags, **options)


def _check(pages: list[tifffile.TiffPage]) -> None:
    if not pages:
        raise ValueError("it holds no page")
    kinds = {(page.shape, str(page.dtype), page.axes) for page in pages}
    if len(kinds) > 1:
        words = "; ".join(f"{shape} {dtype}" for shape, dtype, _ in sorted(kinds))
        raise ValueError(f"its pages are {words}; wanted bands of one shape and type")
    page = pages[0]
    if page.axes not in ("YX", "YXS", "SYX") or (len(pages) > 1 and page.axes != "YX"):
        raise ValueError(
            f"it holds {len(pages)} pages of shape {page.shape} and axes {page.axes}; "
            "wanted a page a band, or one page whose samples are the bands"
        )
    if page.photometric not in _PLAIN:
        raise ValueError(f"{page.photometric.name} is not read; wanted plain numbers")
