"""Cubes into files."""

from pathlib import Path

import numpy as np

from train.data.cubes.arrays import write_mat, write_npy, write_npz
from train.data.cubes.cube import Cube, Stored
from train.data.cubes.envi import write_envi
from train.data.cubes.files import format_of, paths_written
from train.data.cubes.tiff import write_tiff

_WRITERS = {
    "mat": write_mat,
    "npy": write_npy,
    "npz": write_npz,
    "tiff": write_tiff,
    "envi": write_envi,
}
# Of cubes that were read from no file of the format.
_BAND_AXES = {"tiff": 0, "envi": 0}


def write_cube(path: str | Path, cube: Cube) -> None:
    """Writes a cube, in the layout of the file that it was read from where the format is the same.

    Otherwise bands come last in .mat, .npy and .npz files, as the variables "cube" and
    "wavelengths", and first in TIFF, a page each, and in ENVI's. Files appear whole or not at all.

    Args:
      path: its ending says the format; ENVI's header or raw file stands for both.
      cube: of a type that the format holds.

    Raises:
      ValueError: an unknown ending, or a type that the format doesn't hold; names the file.
    """
    path = Path(path)
    name = format_of(path)
    known = cube.stored is not None and cube.stored.format == name
    stored = cube.stored if known else Stored(name, _BAND_AXES.get(name, 2))
    array = np.ascontiguousarray(np.moveaxis(cube.pixels, -1, stored.band_axis))
    raw_suffix = stored.kept.get("raw_suffix", ".img")
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.part{path.suffix}")
    files = paths_written(temporary, raw_suffix)
    try:
        _WRITERS[name](temporary, array, cube, stored.kept)
        for file, target in zip(files, paths_written(path, raw_suffix), strict=True):
            file.replace(target)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    finally:
        for file in files:
            file.unlink(missing_ok=True)
