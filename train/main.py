"""`python -m train.main --config=configs/quickstart.py`: trains, resumes, evaluates."""

import sys

from absl import app, flags
from ml_collections import config_flags

from train import command

_CONFIG = command.define_config()
_WORKDIR = flags.DEFINE_string("workdir", None, "Run folder. Default: runs/<name of the config>.")
_OVERWRITE = flags.DEFINE_bool("overwrite", False, "Delete the run folder and start anew.")
_LIST = flags.DEFINE_bool("list", False, "Show systems, configs, weights, sets and protocols.")
_COORDINATOR = flags.DEFINE_string(
    "coordinator", None, "host:port of process 0; 'auto' on a cluster that says it itself."
)
_PROCESSES = flags.DEFINE_integer("processes", None, "How many processes train together.")
_PROCESS = flags.DEFINE_integer("process", None, "Which of them this one is, from 0.")


def _main(arguments: list[str]) -> None:
    if len(arguments) > 1:
        raise ValueError(f"arguments that aren't flags: {' '.join(arguments[1:])}")
    if _LIST.value:
        from train.run.listing import listing

        print(listing())
        return
    if _CONFIG.value is None:
        raise ValueError("--config=configs/<name>.py is missing; --list shows the configs")
    if _COORDINATOR.value:
        command.join_processes(_COORDINATOR.value, _PROCESSES.value, _PROCESS.value)
    from train.run.training import fit

    path = config_flags.get_config_filename(flags.FLAGS["config"])
    workdir = _WORKDIR.value or command.default_workdir(path)
    fit(_CONFIG.value, workdir, overwrite=_OVERWRITE.value)


def main() -> None:
    """The command line."""
    app.run(command.reports(_main), flags_parser=command.parse_flags)


if __name__ == "__main__":
    sys.exit(main())
