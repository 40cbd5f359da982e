"""`python -m train.evaluate --system=vdsr_twtygqyy --images=set5`: scores a system."""

import sys

from absl import app, flags

from train import command

_SYSTEM = flags.DEFINE_string(
    "system",
    None,
    "bicubic, …; weights; a run folder; gaussian:<components>; gaussian_per_class; pca:<number>.",
)
_IMAGES = flags.DEFINE_string(
    "images", None, "A set by name, a folder, or tfds:<name>:<split>; mnist:test, mnist:train, …"
)
_SCALES = flags.DEFINE_list("scales", None, "Factors. Default: those the system serves.")
_SIGMAS = flags.DEFINE_list("sigmas", None, "Levels of noise, of 255. Default: likewise.")
_SAMPLES = flags.DEFINE_integer("samples", 10_000, "Images that a generator draws.", lower_bound=2)
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
    from train.records import record as records

    for evaluation in _evaluations():
        system, place = evaluation.system, evaluation.place
        condition = records.condition_words(place)
        where = f"{place['images']}, {condition}" if condition else place["images"]
        print(f"{system.name} ({system.weights}) on {where}, protocol {place['protocol']}")
        for row in [*evaluation.per_image, {"image": "mean", **evaluation.values}]:
            print(f"  {row['image']:24s} {_words(row)}")
        if _RECORD.value:
            print(f"  recorded in {records.write(records.record(evaluation)).name}")


def _evaluations():
    from train.config.registry import look_up
    from train.data import image_set
    from train.scoring import evaluations
    from train.systems.opening import system as open_system

    protocol = look_up(evaluations.ALL_PROTOCOLS, _PROTOCOL.value, "--protocol")
    if protocol.name in evaluations.GENERATION:
        yield evaluations.generation(_SYSTEM.value, _IMAGES.value, protocol, _SAMPLES.value)
    elif protocol.name in evaluations.RECONSTRUCTION:
        yield evaluations.reconstruction(_SYSTEM.value, _IMAGES.value, protocol)
    else:
        images, system = image_set(_IMAGES.value), open_system(_SYSTEM.value)
        conditions = _conditions(system, protocol.condition)
        yield from evaluations.restorations(system, images, protocol, conditions, _BATCH.value)


def _words(row: dict) -> str:
    common = [f"{row['psnr']:8.3f} dB"] if "psnr" in row else []
    common += [f"{row['ssim']:.4f}"] if "ssim" in row else []
    others = [f"{name} {value:.4f}" for name, value in row.items() if name not in _COMMON]
    return "  ".join([*common, *others])


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
