"""The settings of the loop, and what a run's config file holds beside them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from train.config.registry import call, nearest

REQUIRED = ("seed", "task", "model", "data", "optimizer", "train", "validation", "evaluation")
# Sections that a run of an earlier version may lack, and what it was then.
DEFAULTS = {"paper": "", "init_from": "", "profile": False}
SECTIONS = (*REQUIRED, *DEFAULTS)
# What may change while a run goes on: nothing that was trained depends on it.
MAY_CHANGE = (
    "train.steps",
    "train.log_every",
    "train.validate_every",
    "train.checkpoint_every",
    "train.keep",
    "train.cpu_devices",
    "train.shard_parameters",
    "evaluation",
    "profile",
)


@dataclass(frozen=True)
class TrainSettings:
    """The section `train` of a config.

    Attributes:
      steps: optimizer steps of the run; with 0, the state it starts from is saved and reviewed.
      steps_per_call: steps in one dispatch.
      accumulate: parts a batch is cut into, whose gradients are averaged.
      ema_decay: decay of the moving averages of parameters; 0 keeps none.
      log_every: steps between lines of scalars; also how soon a NaN is noticed.
      validate_every: steps between validations, which write previews and choose the best.
      checkpoint_every: steps between checkpoints.
      keep: last checkpoints kept, beside the best.
      cpu_devices: on CPU, into how many devices the cores are cut at most; 0 is one a core.
      shard_parameters: every device holds a part of the parameters and of what optimizers keep of
        them, for networks that fill one alone.
    """

    steps: int
    steps_per_call: int = 1
    accumulate: int = 1
    ema_decay: float = 0.0
    log_every: int = 50
    validate_every: int = 500
    checkpoint_every: int = 500
    keep: int = 2
    cpu_devices: int = 0
    shard_parameters: bool = False

    def __post_init__(self):
        every = ("log_every", "validate_every", "checkpoint_every")
        for name in ("steps", "cpu_devices", "steps_per_call", "accumulate", "keep", *every):
            lowest = 0 if name in ("steps", "cpu_devices") else 1
            if getattr(self, name) < lowest:
                raise ValueError(f"train.{name}={getattr(self, name)}: wanted at least {lowest}")
        for name in ("steps", *every):
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


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """{key: (value before, value now)} of two configs in plain types; what lacks is 'absent'."""
    before, now, absent = flatten(before), flatten(now), object()
    return {
        key: (before.get(key, "absent"), now.get(key, "absent"))
        for key in sorted({*before, *now})
        if before.get(key, absent) != now.get(key, absent)
    }


def check_same(changed: Mapping[str, tuple[Any, Any]], run: Path, trained: int) -> None:
    """Raises a ValueError where a run of `trained` steps can't go on with what was changed."""
    if not changed.keys() <= set(MAY_CHANGE):
        words = "; ".join(
            f"{key}: {there!r} there, {now!r} now" for key, (there, now) in changed.items()
        )
        raise ValueError(
            f"{run} holds a run of another config ({words}); "
            "choose another --workdir, or start anew with --overwrite"
        )
    steps = changed.get("train.steps", (trained, trained))[1]
    if steps < trained:
        raise ValueError(
            f"train.steps={steps}: {run} has trained {trained}; wanted at least these, another "
            "--workdir, or --overwrite"
        )


def check_no_accumulation(settings: TrainSettings) -> None:
    """Raises a ValueError where gradients of several parts of a batch are to be averaged."""
    if settings.accumulate != 1:
        raise ValueError(
            f"train.accumulate={settings.accumulate}: a task of several networks takes 1"
        )


def check_sections(config: Mapping[str, Any], part: str, names: Sequence[str]) -> None:
    """Raises a ValueError unless the config's section `part` consists of those named."""
    if set(config[part]) != set(names):
        raise ValueError(
            f"{part}: wanted the sections {', '.join(names)}, got {', '.join(config[part])}"
        )
