"""`python -m train.predict --weights=runs/quickstart photo.png folder`: super-resolves pictures."""

import sys
from pathlib import Path

from absl import app, flags

from train import command

_WEIGHTS = flags.DEFINE_string(
    "weights", None, "A run folder, the name of weights, or any other system of --list."
)
_OUTPUT = flags.DEFINE_string(
    "output",
    None,
    "A file for one picture, else a folder. Default: <picture>_x<scale>.png beside each picture.",
)
_SCALE = flags.DEFINE_integer("scale", None, "Factor. Default: the first the weights serve.")
_MEMORY = flags.DEFINE_float("memory", 2.0, "Gigabytes; a larger picture is taken in parts.")
_SELF_ENSEMBLE = flags.DEFINE_bool(
    "self_ensemble", False, "The mean of eight turned and mirrored answers: slower, a bit better."
)
_OVERWRITE = flags.DEFINE_bool("overwrite", False, "Replace outputs that are there.")


def _main(arguments: list[str]) -> None:
    if len(arguments) < 2:
        raise ValueError(
            "usage: python -m train.predict --weights=<run or name> <picture or folder>"
        )
    if _WEIGHTS.value is None:
        raise ValueError("--weights is missing: a run folder or the name of published weights")
    from train.enlarging import Enlarger, enlarge_files, outputs_of
    from train.systems import system as open_system

    system = open_system(_WEIGHTS.value + ("+" if _SELF_ENSEMBLE.value else ""))
    scale = _SCALE.value or (system.scales or (2,))[0]
    system.check_scale(scale)
    pairs = outputs_of([Path(path) for path in arguments[1:]], _OUTPUT.value, scale)
    there = [str(output) for _, output in pairs if output.exists()]
    if there and not _OVERWRITE.value:
        raise ValueError(f"{', '.join(there)} exist(s); --overwrite replaces")
    enlarge_files(Enlarger(system, scale, _MEMORY.value * 1e9), pairs)


def main() -> None:
    """The command line."""
    app.run(command.reports(_main), flags_parser=command.parse_flags)


if __name__ == "__main__":
    sys.exit(main())
