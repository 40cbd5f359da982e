"""Builds everything a config names, before anything compiles."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from imaging_jax.models import MODELS
from train.data import DATA, image_set
from train.protocols import PROTOCOLS, Protocol
from train.protocols.measures import check_measurable
from train.registry import build, call, look_up
from train.settings import TrainSettings, train_settings
from train.tasks import TASKS


@dataclass(frozen=True)
class Scoring:
    """One line of the sections `validation` and `evaluation`: a set and how it is scored.

    Attributes:
      images: the set.
      protocol: a name of `train.protocols.PROTOCOLS`.
      condition: the scale or sigma, as the protocol names it.
    """

    images: str
    protocol: str
    condition: int

    def open(self) -> tuple[Any, Protocol]:
        """Returns the set of images and the protocol."""
        return image_set(self.images), PROTOCOLS[self.protocol]


@dataclass(frozen=True)
class Experiment:
    """What a config describes, built.

    Attributes:
      settings: of the loop.
      task: see `train.tasks`.
      data: see `train.data`.
      validation: chooses the best checkpoint.
      evaluation: lines of the final table.
      seed: of everything random.
      init_from: file, name of published weights or run folder to start from; or empty.
      profile: leave a trace of some steps.
    """

    settings: TrainSettings
    task: Any
    data: Any
    validation: Scoring
    evaluation: tuple[Scoring, ...]
    seed: int
    init_from: str
    profile: bool


def build_task(config: Mapping[str, Any]) -> Any:
    """Builds the task of a config, with its network; needs no data."""
    settings = train_settings(config)
    section = config["task"]
    task = look_up(TASKS, section.get("name"), "task.name")
    network = build(MODELS, config["model"], "model", **task.network_values(section))
    return build(
        TASKS,
        section,
        "task",
        network=network,
        optimizer=config["optimizer"],
        steps=settings.steps,
        accumulate=settings.accumulate,
        ema_decay=settings.ema_decay,
    )


def build_experiment(config: Mapping[str, Any]) -> Experiment:
    """Builds what a config describes.

    Raises:
      ValueError: any unknown, missing or unfit key, by its path in the config.
    """
    settings = train_settings(config)
    task = build_task(config)
    validation = _scoring(config["validation"], "validation", task)
    evaluation = tuple(
        _scoring(line, f"evaluation[{index}]", task)
        for index, line in enumerate(config["evaluation"])
    )
    data = build(DATA, config["data"], "data", seed=config["seed"])
    task.check_batch(data.batch_size, data.patch_size)
    return Experiment(
        settings,
        task,
        data,
        validation,
        evaluation,
        config["seed"],
        config["init_from"],
        config["profile"],
    )


def _scoring(section: Mapping[str, Any], path: str, task: Any) -> Scoring:
    values = {**section, "condition": section.get(task.condition)}
    values.pop(task.condition, None)
    if values["condition"] is None:
        raise ValueError(f"{path}.{task.condition} is missing")
    scoring = call(Scoring, values, path)
    protocol = look_up(PROTOCOLS, scoring.protocol, f"{path}.protocol")
    if protocol.condition != task.condition:
        raise ValueError(
            f"{path}.protocol={scoring.protocol!r} goes by {protocol.condition}, "
            f"the task by {task.condition}"
        )
    if task.serves and scoring.condition not in task.serves:
        raise ValueError(
            f"{path}.{task.condition}={scoring.condition}: the task's {task.condition}s are "
            f"{task.serves}"
        )
    try:
        # Opened once here: what isn't there must not come to light after days of training.
        image_set(scoring.images)
    except ValueError as error:
        raise ValueError(f"{path}.images: {error}") from None
    try:
        check_measurable(protocol.metrics)
    except ValueError as error:
        raise ValueError(f"{path}.protocol={scoring.protocol!r}: {error}") from None
    return scoring
