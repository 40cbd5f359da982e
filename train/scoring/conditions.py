"""What cells vary beside their set, once for command line, configs, records and tables."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Condition:
    """One of them; its values are whole numbers, at least 1.

    Attributes:
      flag: of `train.evaluate`.
      words: how a value is written.
      help: of the flag.
    """

    flag: str
    words: str
    help: str


CONDITIONS = {
    "scale": Condition("scales", "x{}", "Factors. Default: those the system serves."),
    "sigma": Condition("sigmas", "sigma {}", "Levels of noise, of 255. Default: likewise."),
    "alpha": Condition("alphas", "alpha {}", "Strengths of shot noise, of levels in [0, 255]."),
    "case": Condition("cases", "case {}", "Cases of complex noise of cubes, 1 to 5."),
    "quality": Condition("qualities", "quality {}", "Of JPEG. Default: 10, 20, 30, 40."),
    "context": Condition("contexts", "context {}", "Tokens that are looked at. Default: 64."),
    "beam": Condition("beams", "beam {}", "Captions that a search keeps; 1 is greedy. Default: 3."),
    "horizon": Condition("horizons", "horizon {}", "Steps ahead. Default: those served, or 1."),
    "labels": Condition("labels", "{} labels", "Labels that probes see. Default: 100 and 1,000."),
    "samples": Condition("samples", "{} samples", "Images that a generator draws. 10,000."),
}


def condition_words(cell: Mapping[str, Any]) -> str:
    """What a cell varies beside its set: "x3", "sigma 25" or "10000 samples"; empty for nothing."""
    written = (c.words.format(cell[name]) for name, c in CONDITIONS.items() if cell.get(name))
    return next(written, "")


def check_condition(name: str, value: Any) -> int:
    """Returns a value of a condition; ValueError unless it is a whole number, at least 1."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name}={value!r}: wanted a whole number, at least 1")
    return value
