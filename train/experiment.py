"""Builds everything a config names, before anything compiles."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from imaging_jax.models import MODELS
from train.data import DATA, image_set
from train.protocols import PROTOCOLS, Protocol
from train.registry import build, call, look_up
from train.settings import TrainSettings, train_settings
from train.tasks import TASKS
from train.tasks.super_resolution import CHANNELS


@dataclass(frozen=True)
class Scoring:
    """One line of the sections `validation` and `evaluation`: a set, a scale, a protocol."""

    images: str
    scale: int
    protocol: str

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
    task = config["task"]
    colour = look_up(CHANNELS, task.get("colour", "rgb"), "task.colour")
    scales = task.get("scales") or (None,)
    network = build(MODELS, config["model"], "model", scale=scales[0], channels=colour)
    return build(
        TASKS,
        task,
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
    validation = _scoring(config["validation"], "validation", task.scales)
    evaluation = tuple(
        _scoring(line, f"evaluation[{index}]", task.scales)
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


def _scoring(section: Mapping[str, Any], path: str, scales: tuple[int, ...]) -> Scoring:
    scoring = call(Scoring, section, path)
    look_up(PROTOCOLS, scoring.protocol, f"{path}.protocol")
    if scoring.scale not in scales:
        raise ValueError(f"{path}.scale={scoring.scale}: the task's scales are {scales}")
    try:
        # Opened once here: a set that isn't there must not come to light after days of training.
        image_set(scoring.images)
    except ValueError as error:
        raise ValueError(f"{path}.images: {error}") from None
    return scoring
