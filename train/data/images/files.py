"""Which files of a folder are pictures, and what they are called."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".gif", ".ppm", ".pgm"),
    *(".npy", ".npz"),
)


def image_files(folder: str | Path) -> list[Path]:
    """The pictures of a folder and its subfolders, in order of name, hidden ones left out.

    Raises:
      ValueError: no folder, or none in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"{folder} is not a folder of images")
    files = pictures_below(folder)
    if not files:
        raise ValueError(f"{folder} holds no image; known endings: {', '.join(SUFFIXES)}")
    return files


def pictures_below(folder: Path) -> list[Path]:
    """The pictures of a folder and its subfolders, in order of name, without hidden ones."""
    return sorted(file for file in visible_files(folder) if file.suffix.lower() in SUFFIXES)


def distinct_names(files: Sequence[Path], folder: Path) -> list[str]:
    """Each file's path in `folder`, without its ending where no two share what is left."""
    stems = [file.relative_to(folder).with_suffix("").as_posix() for file in files]
    counts = Counter(stems)
    return [
        stem if counts[stem] == 1 else file.relative_to(folder).as_posix()
        for stem, file in zip(stems, files, strict=True)
    ]


def visible_files(folder: Path) -> Iterator[Path]:
    """The files of a folder and its subfolders, hidden ones left out."""
    # Links to folders are followed, each folder once: a link may lead back to where it stands.
    seen = {folder.resolve()}
    for place, subfolders, names in os.walk(folder, followlinks=True):
        fresh = {}
        for name in sorted(subfolders):
            target = Path(place, name).resolve()
            if not name.startswith(".") and target not in seen:
                seen.add(target)
                fresh[name] = target
        subfolders[:] = fresh
        yield from (
            Path(place, name)
            for name in names
            if not name.startswith(".") and Path(place, name).is_file()
        )
