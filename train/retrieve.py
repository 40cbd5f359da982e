"""Finds pictures by a picture that is like them.

`python -m train.retrieve index FOLDER` describes all pictures of a folder once,
`python -m train.retrieve query PICTURE` tells which are most like another.
"""

import sys
from pathlib import Path

from absl import app, flags

from train import command

_SYSTEM = flags.DEFINE_string(
    "system",
    "descriptor:hellinger",
    "What describes pictures: a run folder of metric learning, descriptor:<name>, lsh:… and others "
    "of train.main --list that give codes.",
)
_INDEX = flags.DEFINE_string("index", "pictures.npz", "The file that holds their vectors.")
_TOP = flags.DEFINE_integer("top", 10, "How many are told.", lower_bound=1)
_OUTPUT = flags.DEFINE_string(
    "output", None, "Of a query: a .png file that shows them. Default: none."
)
_OVERWRITE = flags.DEFINE_bool("overwrite", False, "Replace an output that is there.")


def _main(arguments: list[str]) -> None:
    if len(arguments) != 3 or arguments[1] not in ("index", "query"):
        raise ValueError(
            "usage: python -m train.retrieve index <folder>, python -m train.retrieve query "
            "<picture>"
        )
    run = _index if arguments[1] == "index" else _query
    run(Path(arguments[2]))


def _index(folder: Path) -> None:
    from train.systems.catalogue import system as open_system
    from train.systems.picture_index import describes_pictures, index_folder

    command.refuse_flags((_TOP, _OUTPUT), "an index is asked later")
    file = Path(_INDEX.value)
    if file.suffix != ".npz":
        raise ValueError(f"--index={file}: wanted a name that ends in .npz")
    _check_replaced(file)
    system = open_system(_SYSTEM.value)
    if not describes_pictures(system):
        raise ValueError(f"--system={_SYSTEM.value} gives no codes of pictures")
    index = index_folder(system, _SYSTEM.value, folder)
    index.save(file)
    print(f"{file}: {len(index.files)} pictures by {_SYSTEM.value}")


def _query(picture: Path) -> None:
    from train.data import images
    from train.systems.catalogue import system as open_system
    from train.systems.picture_index import describe_file, read_index, sheet

    command.refuse_flags((_SYSTEM,), "an index is asked by the system that made it")
    output = Path(_OUTPUT.value) if _OUTPUT.value else None
    if output:
        _check_replaced(output)
    index = read_index(Path(_INDEX.value))
    code = describe_file(open_system(index.system), picture)
    places, cosines = index.nearest(code, _TOP.value)
    for place, cosine in zip(places, cosines, strict=True):
        print(f"{cosine:.4f}  {index.folder / index.files[place]}")
    if output:
        images.write(output, sheet(index, picture, places))
        print(output)


def _check_replaced(file: Path) -> None:
    if file.exists() and not _OVERWRITE.value:
        raise ValueError(f"{file} exists; --overwrite replaces")


def main() -> None:
    """The command line."""
    app.run(command.reports(_main), flags_parser=command.parse_flags)


if __name__ == "__main__":
    sys.exit(main())
