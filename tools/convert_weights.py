"""Converts published weights to safetensors, once and apart from what uses them.

Of MATLAB files, structs and cells are opened and their names and places joined by "."; of `.pth`
files, nested dictionaries. Where a file holds what is no array of numbers or text, nothing is
written.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
import scipy.io

_HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
_TORCH = (".pth", ".pt")


def convert(source: str | os.PathLike, target: str | os.PathLike) -> list[str]:
    """Writes the arrays of a file of weights to a .safetensors file, whole or not at all.

    Args:
      source: a MATLAB file of format 5, 7 or 7.3 (this one needs h5py), or a `.pth` or `.pt` file
        (needs torch, which reads no objects of its own accord).
      target: ends in .safetensors; nothing may lie there.

    Returns:
      The names of the arrays. Axes stand as MATLAB or torch show them; text is left out.

    Raises:
      ValueError: another ending, a file that is missing, damaged or holds objects, no arrays, two
        of one name, or a package that isn't installed.
    """
    source, target = Path(source), Path(target)
    if target.suffix != ".safetensors":
        raise ValueError(f"{target}: wanted a name that ends in .safetensors")
    if target.exists():
        raise ValueError(f"{target} is there already")
    if not source.is_file():
        raise ValueError(f"{source}: no such file")
    if source.suffix == ".mat":
        tree = _read_hdf5(source) if _is_hdf5(source) else _read_mat(source)
    elif source.suffix in _TORCH:
        tree = _read_torch(source)
    else:
        raise ValueError(f"{source}: wanted a name that ends in .mat, {' or '.join(_TORCH)}")
    arrays: dict[str, np.ndarray] = {}
    for name, array in _leaves(tree, str(source)):
        if name in arrays:
            raise ValueError(f"{source}: two arrays would be called {name}")
        arrays[name] = np.array(array, order="C")
    if not arrays:
        raise ValueError(f"{source} holds no arrays of numbers")
    _write(arrays, target)
    return sorted(arrays)


def _leaves(tree: Any, source: str, path: tuple[str, ...] = ()) -> Iterator[tuple[str, np.ndarray]]:
    """Yields every array of numbers under its names joined; passes over text."""
    if isinstance(tree, Mapping):
        branches = [(str(key), value) for key, value in tree.items()]
    elif isinstance(tree, list | tuple):
        branches = [(str(index), value) for index, value in enumerate(tree)]
    elif isinstance(tree, str | None):
        return
    else:
        array = np.asarray(tree)
        if array.dtype.kind not in "biuf":
            name = ".".join(path)
            raise ValueError(
                f"{source}: {name} is {type(tree).__name__} of {array.dtype}, no array of real "
                "numbers"
            )
        yield ".".join(path), array
        return
    for name, branch in branches:
        yield from _leaves(branch, source, (*path, name))


def _write(arrays: dict[str, np.ndarray], target: Path) -> None:
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.unfinished")
    try:
        safetensors.numpy.save_file(arrays, unfinished)
        os.replace(unfinished, target)
    finally:
        unfinished.unlink(missing_ok=True)


def _read_mat(file: Path) -> dict:
    try:
        found = scipy.io.loadmat(file)
    except Exception as error:
        raise ValueError(f"{file} cannot be read as a MATLAB file: {error}") from error
    return {name: _opened(value) for name, value in found.items() if not name.startswith("__")}


def _opened(value: Any) -> Any:
    """Structs as dictionaries and cells as lists; those of one element as the element."""
    if isinstance(value, scipy.io.matlab.MatlabOpaque | scipy.io.matlab.MatlabFunction):
        return value
    if not isinstance(value, np.ndarray):
        return value
    if value.dtype.kind in "US":
        return None
    if value.dtype.names:
        elements = [
            {name: _opened(element[name]) for name in value.dtype.names}
            for element in value.ravel(order="F")
        ]
    elif value.dtype == object:
        return [_opened(element) for element in value.ravel(order="F")]
    else:
        return value
    return elements[0] if len(elements) == 1 else elements


def _is_hdf5(file: Path) -> bool:
    # MATLAB's own header of 512 bytes stands before HDF5's.
    with file.open("rb") as opened:
        head = opened.read(520)
    return _HDF5_MAGIC in (head[:8], head[512:])


def _read_hdf5(file: Path) -> dict:
    try:
        import h5py
    except ImportError as error:
        raise ValueError(
            f"{file} is of MATLAB's format 7.3, which h5py reads: uv sync --extra convert"
        ) from error
    try:
        with h5py.File(file, "r") as opened:
            return {
                name: _from_hdf5(node, opened)
                for name, node in opened.items()
                if not name.startswith("#")
            }
    except OSError as error:
        raise ValueError(f"{file} cannot be read as HDF5: {error}") from error


def _from_hdf5(node: Any, file: Any) -> Any:
    import h5py

    if "MATLAB_object_decode" in node.attrs:
        raise ValueError(f"{file.filename}: {node.name} is an object, no array of numbers")
    if isinstance(node, h5py.Group):
        return {name: _from_hdf5(child, file) for name, child in node.items()}
    kind = node.attrs.get("MATLAB_class", b"")
    kind = kind.decode() if isinstance(kind, bytes) else str(kind)
    if kind == "char":
        return None
    if "MATLAB_empty" in node.attrs:
        # The dataset holds the shape.
        return [] if kind == "cell" else np.zeros(node[()].astype(int), np.float32)
    value = node[()]
    if h5py.check_ref_dtype(node.dtype):
        return [_from_hdf5(file[reference], file) for reference in value.ravel()]
    # HDF5 lists the axes of MATLAB's columns first in reverse.
    return np.transpose(value)


def _read_torch(file: Path) -> Any:
    try:
        import torch
    except ImportError as error:
        raise ValueError(f"{file} is read by torch, which isn't installed") from error
    try:
        found = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:
        raise ValueError(f"{file} cannot be read without running what it holds: {error}") from error
    return _from_torch(found)


def _from_torch(tree: Any) -> Any:
    if isinstance(tree, Mapping):
        return {key: _from_torch(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [_from_torch(value) for value in tree]
    return tree.detach().numpy() if hasattr(tree, "detach") else tree


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.convert_weights", description=__doc__)
    parser.add_argument("source", help=".mat, .pth or .pt")
    parser.add_argument("target", help=".safetensors")
    arguments = parser.parse_args()
    try:
        names = convert(arguments.source, arguments.target)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{arguments.target}: {len(names)} arrays, from {names[0]} to {names[-1]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
