"""How tasks of several networks and optimizers are built of a config."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from imaging_jax.models import MODELS
from train.config.registry import build, call
from train.config.settings import TrainSettings, check_no_accumulation, check_sections
from train.tasks.task import Task

AnyTask = TypeVar("AnyTask", bound=Task)


def from_sections(
    task: type[AnyTask],
    config: Mapping[str, Any],
    settings: TrainSettings,
    networks: Sequence[str],
    optimizers: Sequence[str],
    **given: Any,
) -> AnyTask:
    """Builds a task's networks and the task out of a config's sections.

    Args:
      task: takes networks and sections of optimizers by name, steps, decay of the averages, and
        what the section `task` says.
      config: with sections `task`, `model` and `optimizer`.
      settings: of the loop.
      networks: the sections of `model`.
      optimizers: the sections of `optimizer`.
      **given: fields of those networks that have them.

    Raises:
      ValueError: other sections, a name or a key that is unknown, gradients accumulated.
    """
    check_no_accumulation(settings)
    check_sections(config, "model", networks)
    check_sections(config, "optimizer", optimizers)
    return call(
        task,
        {key: value for key, value in config["task"].items() if key != "name"},
        "task",
        networks={
            name: build(MODELS, config["model"][name], f"model.{name}", **given)
            for name in networks
        },
        optimizers=config["optimizer"],
        steps=settings.steps,
        ema_decay=settings.ema_decay,
    )
