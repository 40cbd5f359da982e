"""`python -m train.sweep --config=… --space=optimizer.schedule.peak=log:1e-4:1e-2`: searches."""

import sys
from pathlib import Path

from absl import app, flags
from ml_collections import config_flags

from train import command

_CONFIG = command.define_config()
_SPACE = flags.DEFINE_multi_string(
    "space",
    [],
    "A key that varies: <key>=<value>|<value>…, or <key>=<float, log, int or int_log>:<low>:<high>."
    " May be given several times.",
)
_TRIALS = flags.DEFINE_integer("trials", 20, "Trials in the end.", lower_bound=1)
_WORKDIR = flags.DEFINE_string(
    "workdir",
    None,
    "Folder of the trials; the same command goes on there, also as several processes. Default: "
    "runs/<name of the config>_sweep.",
)


def _main(arguments: list[str]) -> None:
    if len(arguments) > 1:
        raise ValueError(f"arguments that aren't flags: {' '.join(arguments[1:])}")
    if _CONFIG.value is None:
        raise ValueError("--config=configs/<name>.py is missing; train.main --list shows them")
    from train.config.space import read_space

    space = read_space(_SPACE.value)
    try:
        from train.run.sweeping import best_words, sweep
    except ModuleNotFoundError as error:
        raise ValueError(f"a sweep needs {error.name}: uv sync --extra sweep") from None
    path = config_flags.get_config_filename(flags.FLAGS["config"])
    workdir = _WORKDIR.value or f"{command.default_workdir(path)}_sweep"
    study = sweep(_CONFIG.value, space, _TRIALS.value, workdir)
    print(best_words(study, workdir))
    print(f"all of them: {Path(workdir) / 'report.html'}")


def main() -> None:
    """The command line."""
    app.run(command.reports(_main), flags_parser=command.parse_flags)


if __name__ == "__main__":
    sys.exit(main())
