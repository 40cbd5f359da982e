"""Pictures described once, and found again by one that is like them."""

import importlib.util
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from tqdm import tqdm

from imaging_jax.metrics import unit_vectors
from train.config.console import say
from train.data import images
from train.data.class_folders import read_at
from train.systems.system import System

_VERSION = 1
# Pictures that are described at once, and the side they are brought to where a system takes any.
_CHUNK, _SIDE = 64, 128


@dataclass(frozen=True, eq=False)
class PictureIndex:
    """Vectors of pictures.

    Attributes:
      system: the name of what described them.
      folder: that they lie in.
      files: (N,) paths below the folder.
      codes: (N, D) float32, of length 1.
    """

    system: str
    folder: Path
    files: Sequence[str]
    codes: np.ndarray

    def save(self, path: Path) -> None:
        """Writes a .npz file, which appears whole or not at all."""
        with images.appearing_whole(path) as temporary:
            np.savez(
                temporary,
                version=_VERSION,
                system=self.system,
                folder=str(self.folder.resolve()),
                files=np.array(self.files),
                codes=self.codes,
            )

    def nearest(self, code: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Places and cosines of the pictures most like a vector (D,), the likest first.

        FAISS looks them up where it is installed, else all are compared on the device.
        """
        query = unit_vectors(np.asarray(code, np.float32)[None])
        if query.shape[1] != self.codes.shape[1]:
            raise ValueError(
                f"the index has vectors of {self.codes.shape[1]} numbers, {self.system} now gives "
                f"{query.shape[1]}; make the index anew"
            )
        count = min(count, len(self.codes))
        if importlib.util.find_spec("faiss"):
            import faiss

            flat = faiss.IndexFlatIP(self.codes.shape[1])
            flat.add(np.ascontiguousarray(self.codes))
            cosines, places = flat.search(query, count)
            return places[0], cosines[0]
        cosines, places = nearest_codes(jnp.asarray(self.codes), jnp.asarray(query[0]), count)
        return np.asarray(places), np.asarray(cosines)


def nearest_codes(codes: jax.Array, query: jax.Array, count: int) -> tuple[jax.Array, jax.Array]:
    """Cosines and places of the vectors (N, D) most like one (D,), all of length 1."""
    return jax.lax.top_k(jnp.matmul(codes, query, precision="highest"), count)


def read_index(path: Path) -> PictureIndex:
    """Reads what `PictureIndex.save` wrote.

    Raises:
      ValueError: no such file, or another's.
    """
    if not path.is_file():
        raise ValueError(f"--index={path}: no such file; `train.retrieve index` makes one")
    try:
        with np.load(path, allow_pickle=False) as arrays:
            words = {name: str(arrays[name]) for name in ("version", "system", "folder")}
            files, codes = [str(file) for file in arrays["files"]], arrays["codes"]
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise ValueError(f"--index={path} isn't an index of pictures: {error}") from None
    if words["version"] != str(_VERSION):
        raise ValueError(f"--index={path} has version {words['version']}, wanted {_VERSION}")
    return PictureIndex(words["system"], Path(words["folder"]), files, codes)


def describes_pictures(system: System) -> bool:
    """Whether it gives a vector of an image of one or three channels."""
    image = system.takes.get("image")
    return "codes" in system.gives and image is not None and image.shape[-1] in (None, 1, 3)


def index_folder(system: System, name: str, folder: Path) -> PictureIndex:
    """Describes all pictures of a folder and its subfolders; what can't be read is left out, told.

    Args:
      system: one that `describes_pictures`.
      name: by which it is opened again.
      folder: of the pictures.

    Raises:
      ValueError: no folder, no picture in it, or none that can be read.
    """
    files, failures = images.image_files(folder), []
    kept, parts = [], []
    for chunk in tqdm(list(_chunks(files)), desc="pictures", leave=False):
        found, levels = [], []
        for file in chunk:
            try:
                levels.append(_read(system, file))
                found.append(str(file.relative_to(folder)))
            except (ValueError, OSError) as error:
                failures.append(str(error))
        if found:
            parts.append(described(system, np.stack(levels)))
            kept += found
    if not kept:
        raise ValueError(f"{folder}: none of {len(files)} pictures was read: {failures[0]}")
    for failure in failures:
        say(f"left out: {failure}")
    return PictureIndex(name, folder, kept, np.concatenate(parts))


def describe_file(system: System, file: Path) -> np.ndarray:
    """The vector (D,) of a picture.

    Raises:
      ValueError: a file that can't be read; names it.
    """
    return described(system, _read(system, file)[None])[0]


def described(system: System, levels: np.ndarray) -> np.ndarray:
    """Vectors (N, D) float32 of length 1, of pictures (N, H, W, C) uint8."""
    pictures = images.to_float(levels).astype(np.float32)
    return unit_vectors(np.asarray(system.apply({"image": pictures})["codes"], np.float32))


def sheet(index: PictureIndex, query: Path, places: np.ndarray) -> np.ndarray:
    """The picture that was asked by, before those found: one row, (H, W, 3) uint8."""
    files = [query, *(index.folder / index.files[place] for place in places)]
    for file in files:
        if not file.is_file():
            say(f"{file} isn't there any more, and isn't shown")
    shown = [read_at(file, (_SIDE, _SIDE, 3)) for file in files if file.is_file()]
    gap = np.full((_SIDE, 4, 3), 255, np.uint8)
    return np.concatenate([part for picture in shown for part in (picture, gap)][:-1], axis=1)


def _read(system: System, file: Path) -> np.ndarray:
    height, width, channels = system.takes["image"].shape
    return read_at(file, (height or _SIDE, width or _SIDE, channels or 3))


def _chunks(files: Sequence[Path]) -> Iterator[Sequence[Path]]:
    return (files[start : start + _CHUNK] for start in range(0, len(files), _CHUNK))
