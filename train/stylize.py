"""`python -m train.stylize --content=photo.jpg --style=painting.jpg`: a picture in a style."""

import math
import sys
from pathlib import Path

from absl import app, flags

from train import command

_CONTENT = flags.DEFINE_string("content", None, "The picture whose objects are kept.")
_STYLE = flags.DEFINE_string(
    "style", None, "The picture whose colours and strokes are taken; of trained weights none."
)
_METHOD = flags.DEFINE_string(
    "method",
    "gatys",
    "gatys optimises the picture itself; adain and wct give features the style's statistics; or a "
    "network that has one style: the name of weights, a run folder or its .safetensors file.",
)
_OUTPUT = flags.DEFINE_string(
    "output",
    None,
    "A file or a folder. Default: <content>_stylized.png beside it; .tif, .npy and .npz stay so.",
)
_SIZE = flags.DEFINE_integer(
    "size",
    None,
    "The longer side that the content is brought to. Default: its own, of gatys at most 512.",
    lower_bound=1,
)
_LEVELS = flags.DEFINE_float(
    "levels", None, "The level of the content that is white. Default: 255, 65535, or 1 of floats."
)
_ALPHA = flags.DEFINE_float("alpha", 1.0, "Of adain and wct: how much of the style, 0 to 1.")
_STEPS = flags.DEFINE_integer("steps", 200, "Of gatys' optimizer.", lower_bound=1)
_START = flags.DEFINE_enum(
    "start",
    "content",
    ["content", "noise"],
    "Where gatys starts: at the content, or at noise, which takes more steps.",
)
_OPTIMIZER = flags.DEFINE_enum(
    "optimizer", "adam", ["adam", "lbfgs"], "Of gatys; a step of lbfgs is several evaluations."
)
_FEATURES = flags.DEFINE_string(
    "features", "distilled_vgg19_4", "Of gatys: the name of weights, or a file of VGG-19."
)
_OVERWRITE = flags.DEFINE_bool("overwrite", False, "Replace an output that is there.")

_LARGEST_OPTIMISED = 512


def _main(arguments: list[str]) -> None:
    if len(arguments) > 1:
        raise ValueError(f"arguments that aren't flags: {' '.join(arguments[1:])}")
    if _CONTENT.value is None:
        raise ValueError("--content is missing: the picture that is to be given a style")
    if not 0 <= _ALPHA.value <= 1:
        raise ValueError(f"--alpha={_ALPHA.value}: wanted a share, 0 to 1")
    if _LEVELS.value is not None and not 0 < _LEVELS.value < math.inf:
        raise ValueError(f"--levels={_LEVELS.value}: wanted the level that is white, above 0")
    from train.systems.stylization import check_method
    from train.systems.stylized_files import resized, stylize_file

    check_method(_METHOD.value)
    _refuse_flags()
    content, output = _read_content()
    system = _opened()
    height, width = content.pixels.shape[:2]
    side = _SIZE.value
    if side is None and _METHOD.value == "gatys":
        side = min(_LARGEST_OPTIMISED, max(height, width))
    if side not in (None, max(height, width)):
        content = resized(content, side)
    stylize_file(system, content, output)


def _refuse_flags() -> None:
    method = _METHOD.value
    of_gatys, of_statistics = (_STEPS, _START, _OPTIMIZER, _FEATURES), (_ALPHA,)
    if method == "gatys":
        command.refuse_flags(of_statistics, "gatys weighs no statistics")
    elif method in ("adain", "wct"):
        command.refuse_flags(of_gatys, f"{method} optimises nothing")
    else:
        command.refuse_flags(
            (_STYLE, *of_gatys, *of_statistics), f"{method} has a style of its own"
        )
    if method in ("adain", "gatys", "wct") and _STYLE.value is None:
        raise ValueError("--style is missing: the picture whose style is taken")


def _read_content():
    """The content and its output, both known to be good."""
    from train.data import images
    from train.systems.outputs import outputs_of
    from train.systems.stylized_files import check_files

    path = Path(_CONTENT.value)
    if path.is_dir():
        raise ValueError(f"--content={path} is a folder; wanted a picture")
    content = images.read(path, _LEVELS.value)
    ((_, output),) = outputs_of([path], _OUTPUT.value, "stylized")
    if output.exists() and not _OVERWRITE.value:
        raise ValueError(f"{output} exists; --overwrite replaces")
    check_files(content, output)
    return content, output


def _opened():
    from train.systems import stylization
    from train.systems.catalogue import system as open_system

    method = _METHOD.value
    if method == "gatys":
        return stylization.gatys(
            stylization.read_style(Path(_STYLE.value)),
            _FEATURES.value,
            _STEPS.value,
            _START.value,
            _OPTIMIZER.value,
            shown=True,
        )
    if method in stylization.TRANSFORMS:
        style = stylization.read_style(Path(_STYLE.value))
        return stylization.by_statistics(method, style, _ALPHA.value)
    return stylization.check_stylizes(open_system(method))


def main() -> None:
    """The command line."""
    app.run(command.reports(_main), flags_parser=command.parse_flags)


if __name__ == "__main__":
    sys.exit(main())
