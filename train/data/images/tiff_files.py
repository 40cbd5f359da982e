"""TIFF in and out: bands, depths and pages."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image

from train.data.images.array_files import native
from train.data.images.picture import DEPTHS, Picture
from train.data.images.pillow_files import frame

_GREY, _RGB = tifffile.PHOTOMETRIC.MINISBLACK, tifffile.PHOTOMETRIC.RGB
_ASSOCIATED, _STRAIGHT = tifffile.EXTRASAMPLE.ASSOCALPHA, tifffile.EXTRASAMPLE.UNASSALPHA
_CENTIMETRES_PER_INCH = 2.54
# From four gigabytes on, which 32-bit offsets don't reach.
_BIG = 2**32 - 2**25


def read_tiff(path: Path) -> Iterator[Picture]:
    """Reads every page; smaller copies of a page are left out."""
    with tifffile.TiffFile(path) as file:
        # ImageJ and tifffile may describe a stack once, in its first page.
        shape = file.series[0].shape if file.series else ()
        if len(file.pages) == 1 and math.prod(shape) > math.prod(file.pages.first.shape):
            raise ValueError(f"a stack of {shape} behind one page is not read; wanted a page each")
        for index in range(len(file.pages)):
            page = file.pages[index]
            if not page.is_reduced:
                picture = _by_pillow(path, index) if _is_plain(page) else _page(page)
                yield replace(picture, unkept=(*picture.unkept, *_places(page)))


def _is_plain(page: tifffile.TiffPage) -> bool:
    # Pillow knows every kind of 8-bit TIFF but cuts or refuses deeper ones and bands.
    bands = page.samplesperpixel - _has_alpha(page)
    return page.dtype in (np.uint8, np.bool_) and (
        page.photometric not in (_GREY, _RGB) or bands in (1, 3)
    )


def _by_pillow(path: Path, index: int) -> Picture:
    with Image.open(path) as file:
        file.seek(index)
        return frame(path, file)


def _page(page: tifffile.TiffPage) -> Picture:
    if page.photometric not in (_GREY, _RGB):
        raise ValueError(f"{page.photometric.name} of {page.dtype} is not read")
    pixels = native(page.asarray())
    if page.axes == "SYX":
        pixels = np.moveaxis(pixels, 0, -1)
    elif page.axes == "YX":
        pixels = pixels[..., None]
    elif page.axes != "YXS":
        raise ValueError(f"it holds shape {pixels.shape} of axes {page.axes}")
    white = DEPTHS[pixels.dtype]
    if _has_alpha(page) and page.extrasamples[-1] == _ASSOCIATED:
        pixels = _straight(pixels, white)
    profile = page.tags.get("InterColorProfile")
    return Picture(
        _turned(pixels, page.tags.valueof("Orientation", 1)),
        _has_alpha(page),
        white,
        profile and bytes(profile.value),
        _dpi(page),
    )


def _has_alpha(page: tifffile.TiffPage) -> bool:
    return bool(page.extrasamples) and page.extrasamples[-1] in (_ASSOCIATED, _STRAIGHT)


def _straight(pixels: np.ndarray, white: float) -> np.ndarray:
    """Colours that were multiplied by alpha, divided by it."""
    colours, alpha = pixels[..., :-1].astype(np.float64), pixels[..., -1:]
    straight = np.clip(colours * white / np.maximum(alpha, np.finfo(np.float32).tiny), 0, white)
    if pixels.dtype.kind == "u":
        straight = np.floor(straight + 0.5)
    return np.concatenate([straight.astype(pixels.dtype), alpha], axis=-1)


def _turned(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """As the tag says that it is shown: 5 to 8 are 1 to 4 with rows and columns exchanged."""
    if orientation > 4:
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels


def _dpi(page: tifffile.TiffPage) -> tuple[float, float] | None:
    units = {tifffile.RESUNIT.INCH: 1.0, tifffile.RESUNIT.CENTIMETER: _CENTIMETRES_PER_INCH}
    inches = units.get(page.resolutionunit)
    return tuple(inches * value for value in page.resolution) if inches else None


def _places(page: tifffile.TiffPage) -> list[str]:
    return ["the place on Earth (GeoTIFF)"] if page.is_geotiff else []


def write_tiff(path: Path, pages: Sequence[Picture], software: str) -> None:
    """Writes one page a picture, of any depth and number of bands."""
    size = sum(page.pixels.nbytes for page in pages)
    with tifffile.TiffWriter(path, bigtiff=size > _BIG) as file:
        for page in pages:
            coloured = page.bands == 3
            extra = ["unspecified"] * (0 if coloured else page.bands - 1)
            extra += ["unassalpha"] * page.alpha
            file.write(
                page.pixels[..., 0] if page.pixels.shape[-1] == 1 else page.pixels,
                photometric="rgb" if coloured else "minisblack",
                planarconfig="contig" if page.pixels.shape[-1] > 1 else None,
                extrasamples=extra or None,
                iccprofile=page.profile,
                resolution=page.dpi,
                resolutionunit="INCH" if page.dpi else None,
                software=software or False,
                metadata=None,
            )
