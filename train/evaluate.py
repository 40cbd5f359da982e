"""`python -m train.evaluate --system=vdsr_twtygqyy --images=set5`: scores a system."""

import csv
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from absl import app, flags

from train import command
from train.scoring.conditions import CONDITIONS, condition_words

_SYSTEM = flags.DEFINE_string(
    "system", None, "Anything that --list of train.main shows, a run folder, or a file of weights."
)
_IMAGES = flags.DEFINE_string(
    "images", None, "A set by name, a folder, or tfds:<name>:<split>; mnist:test, mnist:train, …"
)
_PROTOCOL = flags.DEFINE_string("protocol", "luminance", "How it is scored; --list of train.main.")
# By the condition that a protocol's cells vary.
_CONDITIONS = {
    name: flags.DEFINE_list(condition.flag, None, condition.help)
    for name, condition in CONDITIONS.items()
}
_BATCH = flags.DEFINE_integer(
    "batch_size", None, "Images of one size restored together. Default: 1.", lower_bound=1
)
_MODEL = flags.DEFINE_string(
    "model", "", "The model that a file of weights fills, as name:field=value,… where it isn't ours"
)
_LEVELS = flags.DEFINE_float(
    "levels", None, "The level that is white in a folder's files. Default: 255, 65535, or 1."
)
_OUTPUT = flags.DEFINE_string("output", None, "Write the scores to this .csv or .json file.")
_RECORD = flags.DEFINE_bool("record", False, "Write the figures to results/, for the tables.")


def _main(arguments: list[str]) -> None:
    if len(arguments) > 1:
        raise ValueError(f"arguments that aren't flags: {' '.join(arguments[1:])}")
    for name, flag in (("system", _SYSTEM), ("images", _IMAGES)):
        if flag.value is None:
            raise ValueError(f"--{name} is missing")
    _check_output()
    from train.records import record as records

    found = []
    for evaluation in _evaluations():
        found.append(evaluation)
        if _OUTPUT.value:
            _write(found)
        if _RECORD.value:
            print(f"  recorded in {records.write(records.record(evaluation)).name}", flush=True)


def _evaluations() -> Iterator:
    from train.config.registry import look_up
    from train.data.data_sets import data_set
    from train.scoring.evaluation import evaluate
    from train.scoring.metrics import words
    from train.scoring.protocols import PROTOCOLS
    from train.systems.catalogue import system as open_system

    protocol = look_up(PROTOCOLS, _PROTOCOL.value, "--protocol")
    _check_flags(protocol)
    dataset = data_set(_IMAGES.value, _LEVELS.value)
    system = open_system(_SYSTEM.value, _MODEL.value)

    def report(row: dict) -> None:
        figures = {name: value for name, value in row.items() if name != "image"}
        print(f"  {row['image']:24s} {words(figures, '  ')}", flush=True)

    for value in _values(system, protocol):
        place = {protocol.condition: value} if protocol.condition else {}
        where = ", ".join(filter(None, [dataset.name, condition_words(place)]))
        print(f"{system.name} ({system.weights}) on {where}, protocol {protocol.name}", flush=True)
        size = _BATCH.value or 1
        evaluation = evaluate(system, dataset, protocol, value, batch_size=size, report=report)
        report({"image": "mean" if evaluation.per_item else "all", **evaluation.values})
        yield evaluation


def _check_flags(protocol) -> None:
    """Refuses flags that mean nothing to a protocol."""
    for condition, flag in _CONDITIONS.items():
        if flag.value and condition != protocol.condition:
            by = protocol.condition or "no condition"
            raise ValueError(f"--{flag.name}: --protocol={protocol.name} goes by {by}")
    if _BATCH.value and not protocol.batched:
        raise ValueError(f"--batch_size: --protocol={protocol.name} has batches of its own")


def _values(system, protocol) -> list[int | None]:
    """The values of the protocol's condition that were asked for, or that the system serves."""
    if not protocol.condition:
        return [None]
    flag = _CONDITIONS[protocol.condition]
    words = flag.value or [
        str(value) for value in (system.options or {}).get(protocol.condition) or protocol.usual
    ]
    if not words:
        raise ValueError(
            f"--{flag.name} is missing, and {system.name} serves every {protocol.condition}"
        )
    if not all(word.isdigit() and int(word) > 0 for word in words):
        raise ValueError(f"--{flag.name}={','.join(words)}: wanted whole numbers such as 2,3,4")
    return [int(word) for word in words]


def _check_output() -> None:
    if _OUTPUT.value and Path(_OUTPUT.value).suffix not in (".csv", ".json"):
        raise ValueError(f"--output={_OUTPUT.value}: wanted a name that ends in .csv or .json")


def _write(evaluations: list) -> None:
    """Writes a line an image, and one of the whole set, of every evaluation so far."""
    from train.engine.folder import write_text

    rows = [
        {"system": e.system.name, "weights": e.system.weights, **e.place, **row}
        for e in evaluations
        for row in [*e.per_item, {"image": "", **e.values}]
    ]
    file = Path(_OUTPUT.value)
    if file.suffix == ".json":
        text = json.dumps(rows, indent=1) + "\n"
    else:
        names = list(dict.fromkeys(name for row in rows for name in row))
        buffer = io.StringIO(newline="")
        writer = csv.DictWriter(buffer, names)
        writer.writeheader()
        writer.writerows(rows)
        text = buffer.getvalue()
    write_text(file, text)


def main() -> None:
    """The command line."""
    app.run(command.reports(_main), flags_parser=command.parse_flags)


if __name__ == "__main__":
    sys.exit(main())
