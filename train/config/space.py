"""Search spaces: which keys of a config vary, and over what."""

import ast
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Choices:
    """One of some values, as they are written."""

    words: tuple[str, ...]

    @property
    def first(self) -> str:
        """A value of it."""
        return self.words[0]


@dataclass(frozen=True)
class Range:
    """From `low` to `high`: whole numbers or any, uniform or uniform in the logarithm."""

    low: float
    high: float
    whole: bool
    log: bool

    @property
    def first(self) -> float:
        """A value of it."""
        return self.low


_RANGES = {
    "float": {"whole": False, "log": False},
    "log": {"whole": False, "log": True},
    "int": {"whole": True, "log": False},
    "int_log": {"whole": True, "log": True},
}
Space = Mapping[str, Choices | Range]


def read_space(lines: Sequence[str]) -> Space:
    """Reads a space, one key a line.

    Args:
      lines: "<key>=<value>|<value>…" or "<key>=<kind>:<low>:<high>", of a kind "float", "int",
        "log" or "int_log", whose logarithm is uniform; such as "optimizer.schedule.peak=log:1e-4:
        1e-2" or "model.features=(32,64)|(16,32,64)".

    Raises:
      ValueError: a line that can't be read, a key that comes twice, or an empty range.
    """
    if not lines:
        raise ValueError("--space is missing: <key>=<value>|<value>, or <key>=log:<low>:<high>")
    space: dict[str, Choices | Range] = {}
    for line in lines:
        key, equals, words = line.partition("=")
        if not (key and equals and words):
            raise ValueError(f"--space={line}: wanted <key>=<values>")
        if key in space:
            raise ValueError(f"--space={line}: {key} stands in it twice")
        kind, *bounds = words.split(":")
        if kind in _RANGES:
            space[key] = _range(line, kind, bounds)
        else:
            space[key] = _choices(line, words.split("|"))
    return space


def with_values(config: Any, values: Mapping[str, Any]) -> Any:
    """A copy of a config with other values, by keys such as "optimizer.schedule.peak".

    Raises:
      ValueError: a key below no section.
    """
    config = config.copy_and_resolve_references()
    for key, value in values.items():
        *sections, name = key.split(".")
        section = config
        for part in sections:
            if not hasattr(section, "keys") or part not in section:
                raise ValueError(f"--space={key}: the config has no section {part!r}")
            section = section[part]
        if not sections:
            raise ValueError(f"--space={key}: wanted a key of a section, such as model.{key}")
        # A number of another type than the config's is no mistake here: the build checks it.
        with section.ignore_type():
            section[name] = _literal(value) if isinstance(value, str) else value
    return config


def _choices(line, words):
    if len(words) < 2 or not all(words):
        raise ValueError(
            f"--space={line}: wanted two values at least, <key>=<value>|<value>, or <key>=<kind>:"
            f"<low>:<high> of a kind {', '.join(_RANGES)}"
        )
    return Choices(tuple(words))


def _range(line, kind, bounds):
    try:
        low, high = (float(bound) for bound in bounds)
    except ValueError:
        raise ValueError(f"--space={line}: wanted two numbers behind {kind}") from None
    settings = _RANGES[kind]
    lowest = 0 if settings["log"] else -math.inf
    fits = lowest < low < high < math.inf
    if not fits or (settings["whole"] and (low % 1 or high % 1)):
        raise ValueError(f"--space={line}: no range of {kind}")
    if settings["whole"]:
        low, high = int(low), int(high)
    return Range(low, high, **settings)


def _literal(word):
    try:
        return ast.literal_eval(word)
    except (ValueError, SyntaxError):
        return word
