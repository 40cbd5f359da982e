import os
from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import safetensors
import safetensors.numpy
from flax import traverse_util

_PICKLED = (".pth", ".pt", ".ckpt", ".pkl", ".pickle", ".bin")
_CONVERT = (
    "nothing is unpickled here, since a pickle can run any code. Where you trust the file, convert "
    "it once, from a clone, where torch is installed: python -m tools.convert_weights "
    "weights.pth weights.safetensors"
)


def read(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """Reads every array of an .npz or .safetensors file under its own name.

    Args:
        path: the file.

    Returns:
        A flat dictionary of numpy arrays.

    Raises:
        ValueError: the file is a pickle or holds Python objects (the message says how to convert
            it), has another suffix, or is damaged.
        FileNotFoundError: there is no such file.
    """
    path = Path(path)
    if path.suffix in _PICKLED:
        raise ValueError(f"{path} may be a pickle: {_CONVERT}")
    if path.suffix == ".npz":
        return _read_npz(path)
    if path.suffix == ".safetensors":
        return _read_safetensors(path)
    raise ValueError(f"path must end in .npz or .safetensors, got {path}")


def save(path: str | os.PathLike, params: Mapping[str, Any], metadata: Mapping[str, str]) -> None:
    """Writes a parameter tree to a .safetensors file, whole or not at all.

    Leaves are named by their keys joined with "/". The file is written beside its place and
    renamed into it, so that a reader never sees half of it.

    Args:
        path: the file, ending in .safetensors; an older one is replaced.
        params: nested dictionaries of arrays.
        metadata: strings to keep in the file's header, such as the run that made the weights.

    Raises:
        ValueError: another suffix, or a key that holds a "/".
    """
    path = Path(path)
    if path.suffix != ".safetensors":
        raise ValueError(f"path must end in .safetensors, got {path}")
    tree = traverse_util.flatten_dict(params)
    for keys in tree:
        if any("/" in key for key in keys):
            raise ValueError(f"params: a key must not hold '/', got {keys}")
    # safetensors writes the buffer as it lies in memory, so views must be laid out first.
    arrays = {"/".join(keys): np.array(leaf, order="C") for keys, leaf in tree.items()}
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    try:
        safetensors.numpy.save_file(arrays, unfinished, metadata=dict(metadata))
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def load_params(path: str | os.PathLike, like: Mapping[str, Any]) -> dict[str, Any]:
    """Reads a parameter tree written by `save`.

    Args:
        path: the file.
        like: the wanted tree, its leaves anything with ``shape`` and ``dtype``, such as
            ``jax.eval_shape`` gives.

    Returns:
        The tree of ``like`` with the file's arrays in the types of ``like``.

    Raises:
        ValueError: as `read`, or naming the first leaf that is missing, extra or of another shape.
    """
    tree = traverse_util.unflatten_dict(read(path), sep="/")
    return match(tree, like, str(path))


def match(tree: Mapping[str, Any], like: Mapping[str, Any], origin: str) -> dict[str, Any]:
    """Returns ``tree`` as jax arrays in the types of ``like``.

    Args:
        tree: nested dictionaries of numpy arrays.
        like: the same of anything with ``shape`` and ``dtype``.
        origin: what the error calls the source of ``tree``.

    Raises:
        ValueError: naming the first leaf that is missing, extra or of another shape.
    """
    found = traverse_util.flatten_dict(tree, sep="/")
    wanted = traverse_util.flatten_dict(like, sep="/")
    for name in sorted(found.keys() | wanted.keys()):
        if name not in found:
            raise ValueError(f"{origin}: {name} of shape {wanted[name].shape} is missing")
        if name not in wanted:
            raise ValueError(f"{origin}: {name} of shape {found[name].shape} is not in the model")
        if found[name].shape != wanted[name].shape:
            raise ValueError(
                f"{origin}: {name} has shape {found[name].shape}, "
                f"the model wants {wanted[name].shape}"
            )
    return jax.tree.map(lambda leaf, target: jnp.asarray(leaf, target.dtype), tree, like)


def metadata(path: str | os.PathLike) -> dict[str, str]:
    """The strings in the header of a .safetensors file; none in another's.

    Raises:
        ValueError: a damaged file.
        FileNotFoundError: there is no such file.
    """
    path = Path(path)
    if path.suffix != ".safetensors":
        return {}
    with _explained(path), safetensors.safe_open(path, "numpy") as file:
        return dict(file.metadata() or {})


@contextmanager
def _explained(path: Path):
    try:
        yield
    except FileNotFoundError:
        raise
    except (OSError, TypeError, safetensors.SafetensorError) as error:
        raise ValueError(f"{path} cannot be read as .safetensors: {error}") from error


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except FileNotFoundError:
        raise
    except Exception as error:
        if "pickle" in str(error):
            raise ValueError(f"{path} holds Python objects: {_CONVERT}") from error
        raise ValueError(f"{path} cannot be read as .npz: {error}") from error
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):
            raise ValueError(f"{path} holds {name}, which is no array")
    return arrays


def _read_safetensors(path: Path) -> dict[str, np.ndarray]:
    with _explained(path):
        return safetensors.numpy.load_file(path)
