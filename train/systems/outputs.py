"""Which pictures a command restores, and the file that each becomes."""

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from train.config.console import say
from train.data import images

SOFTWARE = "imaging_jax train.predict"
_OUTPUT = re.compile(r"(.+)_(x\d+|denoised|restored|mask|overlay|attention)")
# What these files hold, a PNG may not.
_KEPT_ENDINGS = {".tif": ".tif", ".tiff": ".tif", ".npy": ".npy", ".npz": ".npz"}


def outputs_of(
    inputs: list[Path],
    output: str | None,
    suffix: str,
    kept_endings: Mapping[str, str] = _KEPT_ENDINGS,
) -> list[tuple[Path, Path]]:
    """Pairs every picture, those of folders and their subfolders included, with its output.

    Args:
      inputs: pictures and folders. What the command wrote itself is passed over in folders.
      output: a file for one picture, else a folder, in which subfolders stay; None puts each
        beside its picture.
      suffix: of the names. Pictures that differ by nothing but their ending keep it.
      kept_endings: {of a picture: of its output}; others become .png.

    Raises:
      ValueError: no picture there, several for one output file, two of one name, an ending that
        isn't an image's, or an output that would replace another picture to restore.
    """
    # A picture that is named and also lies in a folder is restored once.
    places = dict(place for path in inputs for place in _pictures(path))
    target = Path(output) if output else None
    if target and target.suffix and not target.is_dir():
        if len(places) > 1:
            raise ValueError(f"--output={output} is one file, the pictures are {len(places)}")
        if target.suffix.lower() not in images.SUFFIXES:
            raise ValueError(f"--output={output}: known endings are {', '.join(images.SUFFIXES)}")
        return [(picture, target) for picture in places]
    pairs = _named(places, target, suffix, kept_endings)
    _check(pairs)
    return pairs


def _pictures(path: Path) -> list[tuple[Path, Path]]:
    """Pictures with where they lie below the folder that was given."""
    if not path.is_dir():
        return [(path, Path())]
    files = images.image_files(path)
    own = [file for file in files if _is_output(file)]
    if own:
        names = ", ".join(str(file.relative_to(path)) for file in own)
        say(f"{path}: passed over, as written by this command: {names}")
    if len(own) == len(files):
        raise ValueError(
            f"{path} holds nothing but what this command wrote; named one by one, it is restored"
        )
    return [(file, file.parent.relative_to(path)) for file in files if file not in own]


def _is_output(file: Path) -> bool:
    match = _OUTPUT.fullmatch(file.stem)
    if not match:
        return False
    # This format holds no mark: the picture beside it must do.
    beside = file.suffix.lower() == ".npy" and file.with_stem(match[1]).exists()
    return beside or images.software(file) == SOFTWARE


def _named(
    places: dict[Path, Path], target: Path | None, suffix: str, kept_endings: Mapping[str, str]
) -> list[tuple[Path, Path]]:
    def output(picture: Path, name: str) -> Path:
        folder = target / places[picture] if target else picture.parent
        ending = kept_endings.get(picture.suffix.lower(), ".png")
        return folder / f"{name}_{suffix}{ending}"

    short = {picture: output(picture, picture.stem) for picture in places}
    taken = Counter(short.values())
    return [
        (picture, file if taken[file] == 1 else output(picture, picture.name))
        for picture, file in short.items()
    ]


def _check(pairs: list[tuple[Path, Path]]) -> None:
    sources: dict[Path, Path] = {}
    pictures = {picture for picture, _ in pairs}
    for picture, file in pairs:
        if file in sources:
            raise ValueError(f"{picture} and {sources[file]} would both become {file}")
        if file in pictures:
            raise ValueError(f"{picture} would become {file}, which is a picture to restore")
        sources[file] = picture
