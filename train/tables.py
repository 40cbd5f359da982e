"""`python -m train.tables`: renders docs/tables.md from the records and the published cells."""

import sys

from absl import app

from train import command


def _main(arguments: list[str]) -> None:
    if len(arguments) > 1:
        raise ValueError(f"arguments that aren't flags: {' '.join(arguments[1:])}")
    from train.records import tables

    tables.PAGE.write_text(tables.rendered())
    print(tables.PAGE)


def main() -> None:
    """The command line."""
    app.run(command.reports(_main), flags_parser=command.parse_flags)


if __name__ == "__main__":
    sys.exit(main())
