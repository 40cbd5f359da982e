"""One line where a run folder doesn't take what is to be written."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EACCES, EDQUOT, EEXIST, EISDIR, ENOSPC, ENOTDIR, EPERM, EROFS
from pathlib import Path
from typing import Any

import jax

_FULL = (ENOSPC, EDQUOT)
_UNWRITABLE = (EACCES, EEXIST, EISDIR, ENOTDIR, EPERM, EROFS)
# Beside its numbers a leaf takes about a block: name, type, checksum, and its share of the files.
_BLOCK = 4096


class DiskFull(OSError):
    """The run folder's disk doesn't hold what is to be written."""


def check_folder(workdir: Path) -> None:
    """Raises a ValueError where a file stands in the way of the folder."""
    for path in (workdir, *workdir.parents):
        if path.exists() and not path.is_dir():
            raise ValueError(f"{workdir}: {path} is a file, wanted a folder")


def lacks_room(folder: Path, tree: Any, name: str) -> str:
    """Says what is wanted and free where the disk doesn't hold the arrays of a tree; else empty."""
    leaves = jax.tree.leaves(tree)
    wanted = sum(leaf.nbytes for leaf in leaves) + _BLOCK * len(leaves)
    free = shutil.disk_usage(folder).free
    lacks = wanted > free
    return f"{folder} is full: {name} takes {wanted:,} bytes, {free:,} are free" if lacks else ""


@contextmanager
def explains_writing(workdir: Path) -> Iterator[None]:
    """Turns errors of writing into the run folder into one line.

    Raises:
      DiskFull: there is no room; says what was wanted and what is free.
      ValueError: the folder, or something in it, can't be written.
    """
    try:
        yield
    except Exception as error:
        number, file = getattr(error, "errno", None), getattr(error, "filename", None)
        # The checkpoints' library and that of the weights tell it in words alone.
        if isinstance(error, DiskFull) or number in _FULL or "No space left" in str(error):
            raise DiskFull(
                f"{_what_is_full(error, workdir)}; what was saved before is whole: make room, and "
                "the same command goes on"
            ) from None
        if number in _UNWRITABLE and file and _within(Path(file), workdir):
            raise ValueError(f"{workdir} can't be written: {file}: {error.strerror}") from None
        raise


def _what_is_full(error: Exception, workdir: Path) -> str:
    if isinstance(error, DiskFull):
        return str(error)
    return f"{workdir} is full: {shutil.disk_usage(workdir).free:,} bytes are free"


def _within(file: Path, workdir: Path) -> bool:
    return file.absolute().is_relative_to(workdir) or workdir.is_relative_to(file.absolute())
