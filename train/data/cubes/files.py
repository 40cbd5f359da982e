"""Which files hold cubes, in which format."""

from pathlib import Path

from train.data.images.files import visible_files

# By ending; `train.data.cubes.envi` says which endings the raw file beside a header has.
FORMATS = {
    ".mat": "mat",
    ".npy": "npy",
    ".npz": "npz",
    ".tif": "tiff",
    ".tiff": "tiff",
    ".hdr": "envi",
}
SUFFIXES = tuple(FORMATS)
RAW_SUFFIXES = (".raw", ".img", ".dat", ".bsq", ".bil", ".bip")


def cube_files(path: str | Path) -> list[Path]:
    """The cube of a file, or those of a folder and its subfolders in order of name.

    ENVI's are their headers; hidden files are left out.

    Raises:
      ValueError: no such file or folder, or none in it.
    """
    path = Path(path)
    if not path.is_dir():
        return [file_of(path)]
    files = sorted(p for p in visible_files(path) if p.suffix.lower() in SUFFIXES)
    if not files:
        raise ValueError(f"{path} holds no cube; known endings: {', '.join(SUFFIXES)}")
    return files


def file_of(path: Path) -> Path:
    """The file that a cube is read from: the path itself, or the ENVI header beside a raw file.

    Raises:
      ValueError: no such file, no header, or an unknown ending.
    """
    if not path.is_file():
        raise ValueError(f"{path}: there is no such file")
    if path.suffix.lower() in SUFFIXES:
        return path
    headers = [path.with_name(path.name + ".hdr")]
    if path.suffix.lower() in RAW_SUFFIXES:
        headers.append(path.with_suffix(".hdr"))
    for header in headers:
        if header.is_file():
            return header
    if path.suffix.lower() in (*RAW_SUFFIXES, ""):
        names = " or ".join(header.name for header in headers)
        raise ValueError(f"{path}: wanted the ENVI header {names} beside it")
    raise ValueError(
        f"{path}: known endings of cubes are {', '.join(SUFFIXES)}, and "
        f"{', '.join(RAW_SUFFIXES)} beside an ENVI header"
    )


def raw_file_of(header: Path) -> Path:
    """The raw file beside an ENVI header.

    Raises:
      ValueError: none, or several.
    """
    found = [
        file
        for file in sorted(header.parent.iterdir())
        if file.name == header.stem
        or (file.stem == header.stem and file.suffix.lower() in RAW_SUFFIXES)
    ]
    # A header named "a.bil.hdr" names its file.
    found = [file for file in found if file.name == header.stem] or found
    if len(found) != 1:
        names = ", ".join(file.name for file in found) or "none"
        raise ValueError(
            f"wanted one raw file beside it, named {header.stem} with no ending or one of "
            f"{', '.join(RAW_SUFFIXES)}; found {names}"
        )
    return found[0]


def raw_suffix_of(raw: Path) -> str:
    """The ending of a raw file; empty where it has none, whatever dots are in its name."""
    return raw.suffix if raw.suffix.lower() in RAW_SUFFIXES else ""


def format_of(path: Path) -> str:
    """The name of the format that a file's ending says.

    Raises:
      ValueError: an unknown ending.
    """
    suffix = path.suffix.lower()
    if suffix in RAW_SUFFIXES:
        return "envi"
    if suffix not in FORMATS:
        known = ", ".join((*SUFFIXES, *RAW_SUFFIXES))
        raise ValueError(f"{path}: known endings of cubes are {known}")
    return FORMATS[suffix]


def paths_written(path: Path, raw_suffix: str = ".img") -> list[Path]:
    """The files that a cube is written as: one, or ENVI's header and raw file, in this order.

    Args:
      path: of the cube.
      raw_suffix: the ending of the raw file, where the path is that of a header.
    """
    if path.suffix.lower() == ".hdr":
        return [path, path.with_suffix(raw_suffix)]
    if path.suffix.lower() in RAW_SUFFIXES:
        return [path.with_suffix(".hdr"), path]
    return [path]
