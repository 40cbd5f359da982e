"""`python -m train.evaluate --system=vdsr_twtygqyy --images=set5`: scores a system."""

import sys
import time

from absl import app, flags

from train import command

_SYSTEM = flags.DEFINE_string(
    "system", None, "bicubic, bilinear, …; the name of published weights; or a run folder."
)
_IMAGES = flags.DEFINE_string("images", None, "A set by name, a folder, or tfds:<name>:<split>.")
_SCALES = flags.DEFINE_list("scales", None, "Factors. Default: those the system serves.")
_SIGMAS = flags.DEFINE_list("sigmas", None, "Levels of noise, of 255. Default: likewise.")
_PROTOCOL = flags.DEFINE_string("protocol", "luminance", "How it is scored; --list of train.main.")
_RECORD = flags.DEFINE_bool("record", False, "Write the figures to results/, for the tables.")
_COMMON = ("image", "psnr", "ssim")
_BATCH = flags.DEFINE_integer(
    "batch_size", 1, "Images of one size predicted together.", lower_bound=1
)


def _main(arguments: list[str]) -> None:
    if len(arguments) > 1:
        raise ValueError(f"arguments that aren't flags: {' '.join(arguments[1:])}")
    for name, flag in (("system", _SYSTEM), ("images", _IMAGES)):
        if flag.value is None:
            raise ValueError(f"--{name} is missing")
    from train import records
    from train.data import image_set
    from train.evaluators import Evaluator, mean
    from train.protocols import PROTOCOLS
    from train.registry import look_up
    from train.systems import system as open_system

    protocol = look_up(PROTOCOLS, _PROTOCOL.value, "--protocol")
    images, system = image_set(_IMAGES.value), open_system(_SYSTEM.value)
    system.check_degradation(protocol)
    for value in _conditions(system, protocol.condition):
        system.check(protocol.condition, value)
        start = time.monotonic()
        evaluator = Evaluator(system.predict, images, protocol, value, _BATCH.value)
        per_image = evaluator.records()
        scores, seconds = mean(per_image), time.monotonic() - start
        print(
            f"{system.name} ({system.weights}) on {images.name}, {protocol.condition} {value}, "
            f"protocol {protocol.name}"
        )
        for row in [*per_image, {"image": "mean", **scores}]:
            print(f"  {row['image']:24s} {_words(row)}")
        if _RECORD.value:
            entry = records.record(system, images, value, protocol, scores, per_image, seconds)
            print(f"  recorded in {records.write(entry).name}")


def _words(row: dict) -> str:
    others = [f"{name} {value:.4f}" for name, value in row.items() if name not in _COMMON]
    return "  ".join([f"{row['psnr']:8.3f} dB", f"{row['ssim']:.4f}", *others])


def _conditions(system, condition: str) -> list[int]:
    flag, other = (_SCALES, _SIGMAS) if condition == "scale" else (_SIGMAS, _SCALES)
    if other.value:
        raise ValueError(f"--{other.name}: --protocol={_PROTOCOL.value} goes by {condition}")
    words = flag.value or [str(value) for value in system.serves]
    if not words:
        raise ValueError(f"--{flag.name} is missing, and {system.name} serves every {condition}")
    if not all(word.isdigit() and int(word) > 0 for word in words):
        raise ValueError(f"--{flag.name}={','.join(words)}: wanted whole numbers such as 2,3,4")
    return [int(word) for word in words]


def main() -> None:
    """The command line."""
    app.run(command.reports(_main), flags_parser=command.parse_flags)


if __name__ == "__main__":
    sys.exit(main())
