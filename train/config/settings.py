"""The settings of the loop, and what a run's config file holds beside them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from train.config.registry import call, nearest

SECTIONS = ("seed", "paper", "init_from", "profile", "task", "model", "data", "optimizer", "train",
            "validation", "evaluation")  # fmt: skip


@dataclass(frozen=True)
class TrainSettings:
    """The section `train` of a config.

    Attributes:
      steps: optimizer steps of the run.
      steps_per_call: steps in one dispatch.
      accumulate: parts a batch is cut into, whose gradients are averaged.
      ema_decay: decay of the moving averages of parameters; 0 keeps none.
      log_every: steps between lines of scalars; also how soon a NaN is noticed.
      validate_every: steps between validations, which write previews and choose the best.
      checkpoint_every: steps between checkpoints.
      keep: last checkpoints kept, beside the best.
    """

    steps: int
    steps_per_call: int = 1
    accumulate: int = 1
    ema_decay: float = 0.0
    log_every: int = 50
    validate_every: int = 500
    checkpoint_every: int = 500
    keep: int = 2

    def __post_init__(self):
        every = ("steps", "log_every", "validate_every", "checkpoint_every")
        for name in ("steps_per_call", "accumulate", "keep", *every):
            if getattr(self, name) < 1:
                raise ValueError(f"train.{name}={getattr(self, name)}: wanted at least 1")
        for name in every:
            if getattr(self, name) % self.steps_per_call:
                raise ValueError(
                    f"train.{name}={getattr(self, name)}: wanted a multiple of "
                    f"train.steps_per_call={self.steps_per_call}"
                )
        if not 0.0 <= self.ema_decay < 1.0:
            raise ValueError(f"train.ema_decay={self.ema_decay}: wanted in [0, 1)")


def train_settings(config: Mapping[str, Any]) -> TrainSettings:
    """Checks the sections of a config and reads its `train` section."""
    for key in config:
        if key not in SECTIONS:
            raise ValueError(f"config.{key} is not a section; {nearest(key, SECTIONS)}")
    for key in SECTIONS:
        if key not in config:
            raise ValueError(f"config.{key} is missing")
    return call(TrainSettings, config["train"], "train")


def flatten(values: Any, path: str = "") -> dict[str, Any]:
    """{"train": {"steps": 3}} -> {"train.steps": 3}; lists count as values."""
    if not isinstance(values, Mapping) or not values:
        return {path: values}
    return {
        name: value
        for key, inner in values.items()
        for name, value in flatten(inner, f"{path}.{key}" if path else str(key)).items()
    }


def plain(config: Mapping[str, Any]) -> dict[str, Any]:
    """A config as JSON reads it back: dicts, lists, numbers, words."""
    to_dict = getattr(config, "to_dict", None)
    return json.loads(json.dumps(to_dict() if to_dict else dict(config)))


def check_same(config: Mapping[str, Any], file: Path) -> None:
    """Raises a ValueError listing the keys in which `config` differs from the one in `file`.

    `profile` may differ: it changes nothing that is trained.
    """
    before, now = flatten(json.loads(file.read_text())), flatten(plain(config))
    absent = object()
    differing = [
        f"{key}: {before.get(key, 'absent')!r} there, {now.get(key, 'absent')!r} now"
        for key in sorted({*before, *now} - {"profile"})
        if before.get(key, absent) != now.get(key, absent)
    ]
    if differing:
        raise ValueError(
            f"{file.parent} holds a run of another config ({'; '.join(differing)}); "
            "choose another --workdir, or start anew with --overwrite"
        )
