"""Cubes among MATLAB's and NumPy's arrays; nothing in them is unpickled."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from scipy import io

from train.config.registry import nearest
from train.data.cubes.cube import Contents, Cube, wavelengths_among

_VARIABLE, _WAVELENGTHS = "cube", "wavelengths"
_HDF5 = b"\x89HDF\r\n\x1a\n"
_MAT_LIMIT = 2**32
# MATLAB puts its own words before the signature.
_HDF5_STARTS = (0, 512)


def read_mat(path: Path, variable: str) -> Contents:
    """Reads a file of MATLAB's formats up to 7; its numeric and text arrays are kept.

    Raises:
      ValueError: a file of version 7.3, or one from which no cube is chosen (see `_chosen`).
    """
    with path.open("rb") as file:
        head = file.read(max(_HDF5_STARTS) + len(_HDF5))
    if any(head[start : start + len(_HDF5)] == _HDF5 for start in _HDF5_STARTS):
        raise ValueError(
            "it is a .mat file of version 7.3, which is HDF5; wanted one saved with -v7"
        )
    # The type that MATLAB has, not the shorter one that a file may hold its numbers in.
    loaded = io.loadmat(path, mat_dtype=True)
    arrays = {
        name: value
        for name, value in loaded.items()
        if isinstance(value, np.ndarray) and value.dtype.kind in "biufcU"
    }
    return _chosen(arrays, variable)


def write_mat(path: Path, array: np.ndarray, cube: Cube, kept: Mapping) -> None:
    """Writes version 7, beside what the file that was read held."""
    if array.dtype == np.float16:
        raise ValueError(".mat files hold no float16")
    if array.nbytes >= _MAT_LIMIT:
        raise ValueError(
            f"{array.nbytes} bytes; .mat files of version 7 hold less than {_MAT_LIMIT}"
        )
    io.savemat(path, _named(array, cube, kept), do_compression=True)


def read_npz(path: Path, variable: str) -> Contents:
    """Reads one array of an archive; the others are kept."""
    with np.load(path) as file:
        return _chosen({name: file[name] for name in file.files}, variable)


def write_npz(path: Path, array: np.ndarray, cube: Cube, kept: Mapping) -> None:
    """Writes the cube beside what the archive that was read held."""
    np.savez(path, **_named(array, cube, kept))


def read_npy(path: Path, variable: str) -> Contents:
    """Reads the one array of a file."""
    check_no_variable(variable)
    array = np.load(path)
    if array.ndim != 3:
        raise ValueError(_not_a_cube(array))
    return Contents(array)


def write_npy(path: Path, array: np.ndarray, cube: Cube, kept: Mapping) -> None:
    """Writes the one array."""
    del cube, kept
    np.save(path, array)


def check_no_variable(variable: str) -> None:
    """Raises a ValueError where a variable is named in a format that names none."""
    if variable:
        raise ValueError(f"variable={variable}: only .mat and .npz files have variables")


def _named(array: np.ndarray, cube: Cube, kept: Mapping) -> dict[str, np.ndarray]:
    beside = kept.get("beside")
    if beside is None:
        beside = {} if cube.wavelengths is None else {_WAVELENGTHS: cube.wavelengths}
    return {**beside, kept.get("variable", _VARIABLE): array}


def _chosen(arrays: Mapping[str, np.ndarray], variable: str) -> Contents:
    """The array that is named, or the only one of three axes."""
    if variable and variable not in arrays:
        raise ValueError(f"it holds no {variable!r}; {nearest(variable, arrays)}")
    cubes = [variable] if variable else [name for name in arrays if arrays[name].ndim == 3]
    if len(cubes) > 1:
        shapes = ", ".join(f"{name} {arrays[name].shape}" for name in cubes)
        raise ValueError(
            f"it holds several arrays of three axes: {shapes}; "
            "tell which by variable (train.predict --variable)"
        )
    matrices = [name for name, array in arrays.items() if array.ndim == 2 and min(array.shape) > 1]
    if not cubes and matrices:
        name = matrices[0]
        raise ValueError(f"it holds no array of three axes; {name}: {_not_a_cube(arrays[name])}")
    if not cubes:
        names = ", ".join(arrays) or "nothing"
        raise ValueError(f"it holds no array of three axes; it holds {names}")
    (name,) = cubes
    if arrays[name].ndim != 3:
        raise ValueError(f"{name}: {_not_a_cube(arrays[name])}")
    beside = {other: array for other, array in arrays.items() if other != name}
    return Contents(
        arrays[name],
        {"variable": name, "beside": beside},
        wavelengths=wavelengths_among(beside),
    )


def _not_a_cube(array: np.ndarray) -> str:
    words = f"an array of shape {array.shape} is no cube; wanted three axes"
    if array.ndim == 2:
        words += (
            " (a matrix of bands by pixels says nothing of its rows and columns: reshape it to "
            "rows, columns and bands, and save that)"
        )
    return words
