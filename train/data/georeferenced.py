"""Satellite images by rasterio, where it is installed: bands by name, and where on Earth they lie.

Without it TIFF files are read all the same, as cubes without a place.
"""

import importlib.util
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from imaging_jax.transforms import SENTINEL2_BANDS
from train.config.console import say
from train.data.cubes import read_cube

_BY_RASTERIO = (".tif", ".tiff", ".jp2")
# The number that stands for a reflectance of 1 in files of integers.
_WHITE = 10_000.0


@dataclass(frozen=True, eq=False)
class Scene:
    """Reflectances of a place.

    Attributes:
      pixels: (H, W, bands) float32.
      bands: their names, of `imaging_jax.transforms.SENTINEL2_BANDS`; empty where the file tells
        none.
      profile: what rasterio says of its place, for `write_map`; empty where it isn't known.
      seen: (H, W) booleans, False where the file has no data.
    """

    pixels: np.ndarray
    bands: tuple[str, ...]
    profile: Mapping[str, Any]
    seen: np.ndarray


def read_scene(path: str | Path, white: float | None = None, wanted: Sequence[str] = ()) -> Scene:
    """Reads the bands of a file: GeoTIFF, JPEG 2000, or one of a cube.

    Where the file names its bands, those that are wanted are chosen, in their order.

    Args:
      path: the file.
      white: the number that stands for a reflectance of 1; None takes 10,000 of integers, and 1.
      wanted: names of bands; none for all.

    Raises:
      ValueError: a file that can't be read, of 8 bits and nothing that says what white is, without
        a band that is wanted though it names some, JPEG 2000 without rasterio; named.
    """
    path = Path(path)
    if path.suffix.lower() in _BY_RASTERIO and has_rasterio():
        pixels, bands, profile, seen = _read(path)
    elif path.suffix.lower() == ".jp2":
        raise ValueError(f"{path}: JPEG 2000 is read by rasterio; `uv sync --extra geo` brings it")
    else:
        pixels, bands, profile = read_cube(path).pixels, (), {}
        seen = np.ones(pixels.shape[:2], bool)
    if white is None and pixels.dtype.itemsize == 1:
        raise ValueError(f"{path} has 8 bits: wanted --levels, the number of a reflectance of 1")
    if bands and wanted:
        if missing := [band for band in wanted if band not in bands]:
            raise ValueError(
                f"{path} has the bands {', '.join(bands)}; wanted {', '.join(missing)}"
            )
        pixels = pixels[..., [bands.index(band) for band in wanted]]
        bands = tuple(wanted)
    white = white or (1.0 if pixels.dtype.kind == "f" else _WHITE)
    return Scene((pixels / white).astype(np.float32), bands, profile, seen)


def write_map(path: str | Path, values: np.ndarray, profile: Mapping[str, Any]) -> None:
    """Writes (H, W) as one band of float32 of a TIFF file, at its place where that is known.

    Args:
      path: the file.
      values: of the pixels of the scene that the profile is of; NaN where there is no data.
      profile: of `Scene`.
    """
    values = np.asarray(values, np.float32)
    if not profile:
        tifffile.imwrite(path, values, photometric="minisblack")
        return
    import rasterio

    height, width = values.shape
    settings = {"driver": "GTiff", "dtype": "float32", "count": 1, "nodata": np.nan}
    with rasterio.open(path, "w", height=height, width=width, **settings, **profile) as file:
        file.write(values, 1)


def has_rasterio() -> bool:
    """Whether rasterio is installed."""
    return importlib.util.find_spec("rasterio") is not None


def _read(path: Path) -> tuple[np.ndarray, tuple[str, ...], dict[str, Any], np.ndarray]:
    import rasterio

    try:
        with rasterio.open(path) as file:
            pixels = np.moveaxis(file.read(), 0, -1)
            names = tuple(_band(name) for name in file.descriptions)
            seen = file.dataset_mask() > 0
            profile = {"crs": file.crs, "transform": file.transform} if file.crs else {}
    except rasterio.errors.RasterioError as error:
        raise ValueError(f"{path}: {error}") from None
    known = all(name in SENTINEL2_BANDS for name in names)
    if any(names) and not known:
        say(f"{path}: bands aren't checked, as not all have names that are known")
    return pixels, names if known else (), profile, seen


def _band(description: str | None) -> str:
    # "B08", "B8 (NIR)", "b8, central wavelength 842 nm" and "B08_10m" are all B8.
    found = re.match(r"B0*(\d+A?)(?![0-9A-Z])", (description or "").upper())
    return f"B{found.group(1)}" if found else (description or "")
