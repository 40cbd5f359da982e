"""`python -m train.predict --weights=runs/quickstart photo.png`: super-resolves a picture."""

import sys
from pathlib import Path

from absl import app, flags

from train import command

_WEIGHTS = flags.DEFINE_string("weights", None, "A run folder, or the name of published weights.")
_OUTPUT = flags.DEFINE_string("output", None, "Default: <picture>_x<scale>.png beside the picture.")
_SCALE = flags.DEFINE_integer("scale", None, "Factor. Default: the first the weights serve.")
_OVERWRITE = flags.DEFINE_bool("overwrite", False, "Replace an output that is there.")


def _main(arguments: list[str]) -> None:
    if len(arguments) != 2:
        raise ValueError("usage: python -m train.predict --weights=<run folder or name> <picture>")
    if _WEIGHTS.value is None:
        raise ValueError("--weights is missing: a run folder or the name of published weights")
    from train import images
    from train.systems import system as open_system

    picture = Path(arguments[1])
    system = open_system(_WEIGHTS.value)
    scale = _SCALE.value or (system.scales or (2,))[0]
    system.check_scale(scale)
    output = Path(_OUTPUT.value or picture.with_name(f"{picture.stem}_x{scale}.png"))
    if output.exists() and not _OVERWRITE.value:
        raise ValueError(f"{output} exists; --overwrite replaces it")
    image = images.read(picture)
    images.write(output, enlarge(system.predict, image, scale))
    print(output)


def enlarge(predict, image, scale: int):
    """Super-resolves (H, W, 1 to 4) uint8 or uint16, keeping its depth; alpha goes bicubically."""
    import numpy as np

    from train import images
    from train.systems import interpolation

    whole = images.to_float(image)[None]
    colours = images.without_alpha(image).shape[-1]
    parts = [predict(whole[..., :colours], scale)]
    if image.shape[-1] > colours:
        parts.append(interpolation("bicubic").predict(whole[..., colours:], scale))
    enlarged = np.concatenate([np.asarray(part[0]) for part in parts], axis=-1)
    return images.from_float(enlarged, image.dtype)


def main() -> None:
    """The command line."""
    app.run(command.reports(_main), flags_parser=command.parse_flags)


if __name__ == "__main__":
    sys.exit(main())
