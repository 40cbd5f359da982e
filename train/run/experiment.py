"""Builds everything a config names, before anything compiles."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from train.config.registry import build
from train.config.settings import TrainSettings, train_settings
from train.data import DATA
from train.engine.restore import build_task
from train.scoring.review import Review
from train.tasks import Task


@dataclass(frozen=True)
class Experiment:
    """What a config describes, built.

    Attributes:
      settings: of the loop.
      task: see `train.tasks`.
      data: see `train.data`.
      review: what tells how good a state is.
      seed: of everything random.
      init_from: where the first weights come from, see `train.engine.initial.read_initial`.
      profile: leave a trace of some steps.
    """

    settings: TrainSettings
    task: Task
    data: Any
    review: Review
    seed: int
    init_from: str
    profile: bool


def build_experiment(config: Mapping[str, Any]) -> Experiment:
    """Builds what a config describes.

    Raises:
      ValueError: any unknown, missing or unfit key, by its path in the config.
    """
    settings = train_settings(config)
    task = build_task(config)
    data = build(DATA, config["data"], "data", seed=config["seed"])
    review = Review.from_config(config, task, data.assets)
    if data.batch_size < 1:
        raise ValueError(f"data.batch_size={data.batch_size}: wanted at least 1")
    for name, field in data.fields.items():
        if 0 in field.shape:
            raise ValueError(f"data: {name} is {field}: wanted at least 1 pixel a side")
    task.check_data(data)
    return Experiment(
        settings, task, data, review, config["seed"], config["init_from"], config["profile"]
    )
