"""Cube files into cubes."""

from pathlib import Path

import numpy as np

from train.data.cubes.arrays import read_mat, read_npy, read_npz
from train.data.cubes.cube import AXES, Contents, Cube, Stored
from train.data.cubes.envi import read_envi
from train.data.cubes.files import file_of, format_of
from train.data.cubes.tiff import read_tiff

_READERS = {
    "mat": read_mat,
    "npy": read_npy,
    "npz": read_npz,
    "tiff": read_tiff,
    "envi": read_envi,
}


def read_cube(path: str | Path, band_axis: int | None = None, variable: str = "") -> Cube:
    """Reads the cube of a .mat, .npy, .npz or TIFF file, or of an ENVI header or its raw file.

    Args:
      path: the file.
      band_axis: where the bands stand among the file's three axes: 0, 1, 2 or -1. None takes what
        the file says: ENVI's interleave, TIFF's pages or samples, or a vector of wavelengths as
        long as exactly one axis.
      variable: the name of the array, where a .mat or .npz file holds several of three axes.

    Raises:
      ValueError: names the file and what was wanted: no such file, not of these formats, damaged,
        of MATLAB's version 7.3, bands on an axis that nothing tells, an array that isn't chosen, a
        matrix, complex numbers, or bands that are constant or hold NaN or infinite values.
    """
    path = file_of(Path(path))
    try:
        contents = _READERS[format_of(path)](path, variable)
        axis = _band_axis(contents, band_axis)
        pixels = np.moveaxis(contents.array, axis, -1)
        wavelengths = contents.wavelengths
        if wavelengths is not None and len(wavelengths) != pixels.shape[-1]:
            wavelengths = None
        cube = Cube(pixels, wavelengths, Stored(format_of(path), axis, contents.kept))
        _check_bands(cube)
    except MemoryError:
        raise
    except Exception as error:
        raise ValueError(f"{path}: {error}") from None
    return cube


def _band_axis(contents: Contents, told: int | None) -> int:
    shape, found = contents.array.shape, contents.band_axis
    if told is not None:
        if not -3 <= told < 3:
            raise ValueError(f"band_axis={told}: wanted 0, 1, 2 or -1")
        told %= 3
        if "header" in contents.kept and told != found:
            words = {axis: word for word, axis in AXES.items()}
            raise ValueError(
                f"band_axis={words[told]}: by the header's interleave the bands are {words[found]}"
            )
        return told
    if found is not None:
        return found
    vector = contents.wavelengths
    fits = [axis for axis in range(3) if vector is not None and shape[axis] == len(vector)]
    if len(fits) == 1:
        return fits[0]
    named = f" as {contents.kept['variable']}" if "variable" in contents.kept else ""
    raise ValueError(
        f"it holds shape {shape}{named}, and nothing in it says on which axis the bands stand; "
        "tell band_axis (train.predict --band_axis=first, middle or last; the set "
        "cubes:<axis>:<file>)"
    )


def _check_bands(cube: Cube) -> None:
    if cube.pixels.dtype.kind == "f":
        bad = [b for b in range(cube.bands) if not np.isfinite(cube.pixels[..., b]).all()]
        if bad:
            raise ValueError(
                f"{_named(bad, cube)} NaN or infinite values; wanted numbers everywhere"
            )
    ends = [(band.min(), band.max()) for band in np.moveaxis(cube.pixels, -1, 0)]
    constant = [index for index, (low, high) in enumerate(ends) if low == high]
    if len({end for pair in ends for end in pair}) == 1:
        raise ValueError(f"every value of the cube is {ends[0][0]:g}; wanted a cube that varies")
    if constant:
        raise ValueError(
            f"{_named(constant, cube)} one value throughout; wanted bands that vary (leave these "
            "out, as those of absorption by water)"
        )


def _named(bands: list[int], cube: Cube) -> str:
    others = f" and {len(bands) - 1} more" if len(bands) > 1 else ""
    hold = "hold" if others else "holds"
    return f"band {bands[0]}, counted from 0,{others} of {cube.bands} {hold}"
