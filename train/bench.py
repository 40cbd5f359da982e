"""`python -m train.bench --config=configs/<name>.py`: how fast a config trains and predicts."""

import os
import re
import sys
from pathlib import Path

from absl import app, flags

from train import command

_CONFIG = command.define_config()
_DATA = flags.DEFINE_string(
    "data", "config", "config: as it says; synthetic: noise of its size, made once on the device."
)
_SIZE = flags.DEFINE_string("image_size", "128x128", "Of the image predicted from; '' for none.")
_AGAINST = flags.DEFINE_string("against", "", "torch: in turns with the same in PyTorch.")
_ROUNDS = flags.DEFINE_integer("rounds", 10, "Chunks of calls timed of each.")
_SECONDS = flags.DEFINE_float("seconds", 2.0, "About how long a chunk lasts.", lower_bound=0.0)
_SOLVERS = flags.DEFINE_bool(
    "solvers", False, "Operators and solvers against scipy, scikit-image and DeepInverse instead."
)
_ADVERSARIAL = flags.DEFINE_bool(
    "adversarial",
    False,
    "Steps of DCGAN, StyleGAN2 and pix2pix, against PyTorch where it is, instead.",
)
_TRANSFORMERS = flags.DEFINE_bool(
    "transformers",
    False,
    "SwinIR, Restormer and ViT, against PyTorch where it is, instead.",
)
_REMOTE_SENSING = flags.DEFINE_bool(
    "remote_sensing",
    False,
    "A scene of 32 frames and a query against 100,000 codes: seconds and memory, instead.",
)
_OUTPUT = flags.DEFINE_string("output", None, "JSON file that takes everything measured.")


def image_size(words: str) -> tuple[int, int] | None:
    """Reads "96x128" as (96, 128), height first, and "" as None."""
    if not words:
        return None
    if not re.fullmatch(r"[1-9]\d*x[1-9]\d*", words):
        raise ValueError(f"--image_size={words}: wanted <height>x<width> such as 128x128")
    height, width = words.split("x")
    return int(height), int(width)


def _main(arguments: list[str]) -> None:
    if len(arguments) > 1:
        raise ValueError(f"arguments that aren't flags: {' '.join(arguments[1:])}")
    _check_output()
    instead = (_SOLVERS, _ADVERSARIAL, _TRANSFORMERS, _REMOTE_SENSING)
    asked = [flag.name for flag in instead if flag.value]
    if len(asked) + (_CONFIG.value is not None) > 1:
        configs = ["config"] if _CONFIG.value is not None else []
        named = ", ".join(f"--{name}" for name in (*configs, *asked))
        raise ValueError(f"{named}: each measures something else; give one of them")
    if _ADVERSARIAL.value or _TRANSFORMERS.value:
        return _bench_rows(asked[0])
    if _REMOTE_SENSING.value:
        from benchmarks.remote_sensing import (
            benchmark_remote_sensing,
            cases,
            remote_sensing_lines,
        )

        report = benchmark_remote_sensing(cases(), _ROUNDS.value)
        return _show(report, remote_sensing_lines(report))
    if _SOLVERS.value:
        from benchmarks.solving import benchmark_solving, cases, solving_lines

        report = benchmark_solving(cases(), _ROUNDS.value, _SECONDS.value)
        return _show(report, solving_lines(report))
    if _CONFIG.value is None:
        raise ValueError("--config=configs/<name>.py is missing; train.main --list shows them")
    size = image_size(_SIZE.value)
    if _AGAINST.value:
        _share_the_machine()
        # A program read from a cache would tell nothing of how long compiling takes.
        os.environ.setdefault("TORCHINDUCTOR_FORCE_DISABLE_CACHES", "1")
    from benchmarks import benchmark, lines

    report = benchmark(
        _CONFIG.value,
        source=_DATA.value,
        image_size=size,
        against=_AGAINST.value,
        rounds=_ROUNDS.value,
        seconds=_SECONDS.value,
    )
    _show(report, lines(report))


def _bench_rows(name: str) -> None:
    _share_the_machine()
    from benchmarks import adversarial, transformers
    from benchmarks.against_torch import against_torch_lines, benchmark_against_torch

    cases = {"adversarial": adversarial.cases, "transformers": transformers.cases}[name]()
    report = benchmark_against_torch(cases, _ROUNDS.value, _SECONDS.value)
    _show(report, against_torch_lines(report))


def _share_the_machine() -> None:
    # Two frameworks share the GPU: ours must not take most of its memory beforehand.
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    from benchmarks.machine import pin_if_busy

    pin_if_busy()


def _check_output() -> None:
    if _OUTPUT.value and not Path(_OUTPUT.value).absolute().parent.is_dir():
        raise ValueError(f"--output={_OUTPUT.value}: its folder isn't there")


def _show(report: dict, lines: list[str]) -> None:
    from train.engine.folder import write_json

    print("\n".join(lines))
    if _OUTPUT.value:
        write_json(Path(_OUTPUT.value), report)


def main() -> None:
    """The command line."""
    app.run(command.reports(_main), flags_parser=command.parse_flags)


if __name__ == "__main__":
    sys.exit(main())
