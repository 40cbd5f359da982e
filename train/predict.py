"""`python -m train.predict --weights=runs/quickstart photo.png cube.mat`: restores files.

A classifier says what they show, a captioner describes them, a segmenter says what each pixel is,
a promptable network where that lies which `--point` and `--box` mean. A network of several frames
takes folders, each of one place; one that tells changes takes dates of a place, the last of which
is compared with the others.
"""

import math
import sys
from collections.abc import Iterable
from pathlib import Path

from absl import app, flags

from train import command

_WEIGHTS = flags.DEFINE_string(
    "weights", None, "A run folder, a file or the name of weights, or any other system of --list."
)
_OUTPUT = flags.DEFINE_string(
    "output",
    None,
    "A file for one picture, else a folder. Default: <picture>_x<scale>.png, or "
    "<picture>_denoised.png, beside each picture; .tif, .npy and .npz stay what they are. "
    "Masks are .png, <picture>_mask and beside it <picture>_overlay. Cubes stay so: "
    "<cube>_denoised and its ending. Of a classifier a .csv file, of a captioner a folder for "
    "where its words were looked for; default: none.",
)
_MODEL = flags.DEFINE_string(
    "model", "", "The model that a file of weights fills, as name:field=value,… where it isn't ours"
)
_SCALE = flags.DEFINE_integer(
    "scale", None, "Factor. Default: the first the weights serve.", lower_bound=1
)
_SIGMA = flags.DEFINE_string(
    "sigma",
    None,
    "Level of the noise, of 255, for a denoiser; 'auto' estimates each picture's, a .csv file has "
    "lines <picture>,<level>. Default: likewise. Of a cube a number, where its lowest value "
    "is 0 and its highest 255.",
)
_MEMORY = flags.DEFINE_float("memory", 2.0, "Gigabytes; a larger picture is taken in parts.")
_SELF_ENSEMBLE = flags.DEFINE_bool(
    "self_ensemble",
    False,
    "The mean of eight turned and mirrored answers, of a chain's last: slower, a bit better.",
)
_LEVELS = flags.DEFINE_float(
    "levels",
    None,
    "The level that is white, as 4095 of 12 bits. Default: 255, 65535, or 1 of floats; of cubes "
    "their highest, their lowest being black.",
)
_PAGES = flags.DEFINE_bool(
    "pages", False, "Restore each page or frame of a file, and write them into one file again."
)
_BOUNDARY = flags.DEFINE_enum(
    "boundary",
    "edge",
    ["edge", "wrap"],
    "What lies beyond the picture: nothing, or its opposite side, for textures that repeat.",
)
_BAND_AXIS = flags.DEFINE_enum(
    "band_axis",
    None,
    ["first", "middle", "last"],
    "Where a cube's file has its bands. Default: as it says.",
)
_VARIABLE = flags.DEFINE_string(
    "variable", "", "The cube's name in a .mat or .npz file that holds several."
)
_PREVIEW = flags.DEFINE_bool(
    "preview", False, "Beside a restored cube, show it before and after in false colours, as .png."
)
_POINT = flags.DEFINE_multi_string(
    "point",
    None,
    "x,y of what is to be segmented, in pixels; x,y,0 of what isn't part of it. May be repeated.",
)
_BOX = flags.DEFINE_multi_string("box", None, "x0,y0,x1,y1 around what is to be segmented.")
_OVERWRITE = flags.DEFINE_bool("overwrite", False, "Replace outputs that are there.")


def _main(arguments: list[str]) -> None:
    if len(arguments) < 2:
        raise ValueError(
            "usage: python -m train.predict --weights=<run or name> <picture or folder>"
        )
    if _WEIGHTS.value is None:
        raise ValueError("--weights is missing: a run folder or the name of published weights")
    if not 0 < _MEMORY.value < math.inf:
        raise ValueError(f"--memory={_MEMORY.value}: wanted gigabytes, above 0")
    if _LEVELS.value is not None and not 0 < _LEVELS.value < math.inf:
        raise ValueError(f"--levels={_LEVELS.value}: wanted the level that is white, above 0")
    from train.systems.noise_level import level_of

    level = None if _SIGMA.value is None else level_of(_SIGMA.value)
    from train.systems.caption_files import describes
    from train.systems.catalogue import system as open_system
    from train.systems.change_files import tells_changes
    from train.systems.class_files import tells_classes
    from train.systems.cube_files import takes_cubes
    from train.systems.enlarging import Enlarger, enlarge_files
    from train.systems.frame_files import takes_frames
    from train.systems.outputs import outputs_of
    from train.systems.prompted_files import takes_prompts
    from train.systems.segmented_files import segments

    paths = [Path(path) for path in arguments[1:]]
    system = open_system(_WEIGHTS.value + ("+" if _SELF_ENSEMBLE.value else ""), _MODEL.value)
    if takes_prompts(system):
        _segment_by_prompt(system, paths)
        return
    command.refuse_flags((_POINT, _BOX), f"{_WEIGHTS.value} takes no prompts")
    if tells_changes(system):
        _tell_changes(system, paths)
        return
    if takes_cubes(system):
        _restore_cubes(system, level, paths)
        return
    what = f"{_WEIGHTS.value} takes pictures"
    command.refuse_flags((_BAND_AXIS, _VARIABLE, _PREVIEW), what)
    if tells_classes(system):
        _tell_classes(system, paths)
        return
    if describes(system):
        _describe(system, paths)
        return
    if segments(system):
        _segment(system, paths)
        return
    if takes_frames(system):
        _make_of_frames(system, paths)
        return
    told = _told(system, level)
    suffix = "denoised" if "sigma" in told else _named_by_scale(told["scale"])
    pairs = outputs_of(paths, _OUTPUT.value, suffix)
    _check_replaced(output for _, output in pairs)
    enlarger = Enlarger(system, told, _MEMORY.value * 1e9, _BOUNDARY.value == "wrap")
    by_picture = level if callable(level) else None
    enlarge_files(enlarger, pairs, _LEVELS.value, _PAGES.value, by_picture)


def _named_by_scale(scale: int) -> str:
    return f"x{scale}" if scale > 1 else "restored"


def _tell_classes(system, inputs: list[Path]) -> None:
    from train.systems.class_files import tell_classes

    others = (_SCALE, _SIGMA, _LEVELS, _PAGES, _BOUNDARY)
    command.refuse_flags(others, f"{_WEIGHTS.value} tells classes")
    output = Path(_OUTPUT.value) if _OUTPUT.value else None
    if output and output.suffix != ".csv":
        raise ValueError(f"--output={output}: wanted a name that ends in .csv")
    _check_replaced([output] if output else [])
    tell_classes(system, inputs, output)


def _tell_changes(system, dates: list[Path]) -> None:
    from train.systems.change_files import map_of, picture_of, tell_changes

    others = (_SCALE, _SIGMA, _PAGES, _BOUNDARY, _BAND_AXIS, _VARIABLE, _PREVIEW)
    command.refuse_flags(others, f"{_WEIGHTS.value} tells changes")
    target = map_of(dates, _OUTPUT.value)
    _check_replaced([target, picture_of(target)])
    tell_changes(system, dates, target, _LEVELS.value)


def _make_of_frames(system, inputs: list[Path]) -> None:
    from train.systems.frame_files import make_of_frames, scene_outputs

    others = (_SCALE, _SIGMA, _PAGES, _BOUNDARY)
    command.refuse_flags(others, f"{_WEIGHTS.value} takes frames")
    pairs = scene_outputs(inputs, _OUTPUT.value)
    _check_replaced(output for _, output in pairs)
    make_of_frames(system, pairs, _LEVELS.value)


def _describe(system, inputs: list[Path]) -> None:
    from train.systems.caption_files import describe_files, sheets_of

    others = (_SCALE, _SIGMA, _LEVELS, _PAGES, _BOUNDARY)
    command.refuse_flags(others, f"{_WEIGHTS.value} describes pictures")
    pairs = sheets_of(system, inputs, _OUTPUT.value)
    _check_replaced(sheet for _, sheet in pairs if sheet)
    describe_files(system, pairs)


def _segment_by_prompt(system, inputs: list[Path]) -> None:
    from train.systems.prompted_files import read_prompt, segment_by_prompt

    others = (_SCALE, _SIGMA, _PAGES, _BOUNDARY, _BAND_AXIS, _VARIABLE, _PREVIEW)
    command.refuse_flags(others, f"{_WEIGHTS.value} takes prompts")
    prompt = read_prompt(_POINT.value or [], _BOX.value or [])
    segment_by_prompt(system, prompt, _masks(inputs), _LEVELS.value)


def _segment(system, inputs: list[Path]) -> None:
    from train.systems.segmented_files import segment_files

    others = (_SCALE, _SIGMA, _PAGES, _BOUNDARY)
    command.refuse_flags(others, f"{_WEIGHTS.value} segments pictures")
    segment_files(system, _masks(inputs), _MEMORY.value * 1e9, _LEVELS.value)


def _masks(inputs: list[Path]) -> list[tuple[Path, Path]]:
    """Pictures and their masks, of which neither these nor the overlays are there."""
    from train.systems.segmented_files import masks_of, overlay_of

    pairs = masks_of(inputs, _OUTPUT.value)
    _check_replaced(file for _, mask in pairs for file in (mask, overlay_of(mask)))
    return pairs


def _restore_cubes(system, level, inputs: list[Path]) -> None:
    from train.data.cubes import AXES
    from train.systems.cube_files import (
        CubeRestorer,
        cube_outputs,
        files_written,
        restore_cubes,
        told_of,
    )

    command.refuse_flags((_SCALE, _PAGES, _BOUNDARY), f"{_WEIGHTS.value} takes cubes")
    if callable(level):
        raise ValueError(f"--sigma={_SIGMA.value}: wanted a number, {_WEIGHTS.value} takes cubes")
    memory = _MEMORY.value * 1e9
    restorer = CubeRestorer(system, told_of(system, level), memory, _LEVELS.value)
    pairs = cube_outputs(inputs, _OUTPUT.value)
    _check_replaced(files_written(pairs, _PREVIEW.value))
    restore_cubes(restorer, pairs, AXES.get(_BAND_AXIS.value), _VARIABLE.value, _PREVIEW.value)


def _check_replaced(outputs: Iterable[Path]) -> None:
    there = [str(output) for output in outputs if output.exists()]
    if there and not _OVERWRITE.value:
        raise ValueError(f"{', '.join(there)} exist(s); --overwrite replaces")


def _told(system, level) -> dict[str, float]:
    """What the flags tell the system: its scale, or the level of noise where it is one for all."""
    images = [fields.get("image") for fields in (system.takes, system.gives)]
    if None in images or {field.kind for field in images} != {"image"}:
        raise ValueError(f"--weights={_WEIGHTS.value}: it makes no pictures of pictures")
    denoises = "sigma" in (system.options or {})
    flag, other = (_SIGMA, _SCALE) if denoises else (_SCALE, _SIGMA)
    if other.value is not None:
        raise ValueError(f"--{other.name}: {_WEIGHTS.value} goes by {flag.name}")
    served = (system.options or {}).get(flag.name, ())
    if level is None and denoises and not served:
        raise ValueError(f"--sigma is missing: {_WEIGHTS.value} takes any level of noise")
    if callable(level) and served:
        raise ValueError(f"--sigma={_SIGMA.value}: {_WEIGHTS.value} serves {served} alone")
    value = level if denoises else _SCALE.value
    # Where each picture has its own level, this one measures the memory of a tile.
    told = {flag.name: (served or (2,))[0] if value is None or callable(value) else value}
    system.check(**told)
    return told


def main() -> None:
    """The command line."""
    app.run(command.reports(_main), flags_parser=command.parse_flags)


if __name__ == "__main__":
    sys.exit(main())
