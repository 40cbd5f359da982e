"""Reviews: how good a run's state is, while it trains and at its end."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import jax

from train.config.registry import call, look_up
from train.data import images
from train.data.data_set import DataSet
from train.data.data_sets import data_set
from train.scoring import metrics
from train.scoring.evaluation import Evaluation, evaluate
from train.scoring.protocols import PROTOCOLS, Protocol, Shown
from train.state.train_state import TrainState
from train.systems.catalogue import system as open_system
from train.systems.compiled import compiled
from train.systems.system import Origin, System
from train.tasks import Task

OURS = "ours"
_SHOWN = 5


@dataclass(frozen=True)
class Line:
    """One line of the sections `validation` and `evaluation`: a set and how it is scored.

    Attributes:
      dataset: the set.
      protocol: how.
      value: of the protocol's condition.
      baseline: the name of the system that stands beside; empty for none.
    """

    dataset: DataSet
    protocol: Protocol
    value: int | None
    baseline: str


@dataclass(frozen=True)
class Findings:
    """What a review found in the end.

    Attributes:
      rows: of the final table.
      shown: pictures of the first line.
    """

    rows: list[dict[str, Any]]
    shown: Shown


class Review:
    """Evaluates what a task makes of a state.

    Args:
      task: what is applied.
      validation: by which the best checkpoint is chosen.
      evaluation: lines of the final table.
      assets: of the data that are trained on, see `train.data.data_set.DataSet`.
    """

    def __init__(
        self,
        task: Task,
        validation: Line,
        evaluation: tuple[Line, ...],
        assets: Mapping[str, Any],
    ):
        self.task = task
        self.assets = assets
        self.validation = validation
        self.evaluation = evaluation
        self._apply = compiled(task.apply, task.takes, task.gives)

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any], task: Task, assets: Mapping[str, Any]
    ) -> "Review":
        """Builds what the config's sections `validation` and `evaluation` ask for.

        A line that names no images scores those that are trained on, where its protocol is made
        for that.

        Raises:
          ValueError: whatever couldn't be scored, by its path in the config.
        """
        ours = _ours(task, None, assets)
        data = config["data"]
        validation = _line(config["validation"], "validation", ours, data, choosing=True)
        evaluation = tuple(
            _line(section, f"evaluation[{index}]", ours, data)
            for index, section in enumerate(config["evaluation"])
        )
        return cls(task, validation, evaluation, assets)

    def system(self, state: TrainState) -> System:
        """The state as a system."""
        variables = self.task.variables(state)
        return _ours(self.task, partial(self._apply, variables), self.assets)

    def validate(self, state: TrainState, folder: Path, step: int) -> dict[str, float]:
        """Scores the validation set, and shows its first item as `step_<step>.png`."""
        system, line = self.system(state), self.validation
        values = self._evaluate(system, line).values
        shown = line.protocol.show(system, line.dataset, line.value, 1)
        if jax.process_index() == 0:
            for picture in list(shown.pictures.values())[:1]:
                images.write(folder / f"step_{step:07d}.png", picture)
        return values

    def quality(self, values: Mapping[str, float]) -> float:
        """Of these, larger is better: what chooses the best checkpoint."""
        name = next(name for name in self.validation.protocol.best if name in values)
        return metrics.quality(name, values[name])

    def says(self, values: Mapping[str, float]) -> str:
        """The figures in a line, and what a person should be told of them."""
        line = self.validation
        figures = f"validation on {line.dataset.name} {metrics.words(values)}"
        return "; ".join([figures, *line.protocol.remarks(values, line.dataset)])

    def finish(self, state: TrainState, folder: Path) -> Findings:
        """Scores the baseline and ours on every line, and shows the first line's items."""
        system, rows = self.system(state), []
        for line in self.evaluation:
            beside = [(line.baseline, open_system(line.baseline))] if line.baseline else []
            for name, scored in [*beside, (OURS, system)]:
                evaluation = self._evaluate(scored, line)
                rows.append({**evaluation.place, "system": name, **evaluation.values})
        shown = self._shown(system)
        if jax.process_index() == 0:
            for name, picture in shown.pictures.items():
                images.write(folder / f"{name}.png", picture)
        return Findings(rows, shown)

    def _shown(self, system: System) -> Shown:
        # Every process applies it, since the parameters lie on the devices of all.
        if not self.evaluation:
            return Shown()
        line = self.evaluation[0]
        return line.protocol.show(system, line.dataset, line.value, _SHOWN)

    def _evaluate(self, system: System, line: Line) -> Evaluation:
        size = jax.device_count()
        return evaluate(system, line.dataset, line.protocol, line.value, batch_size=size)


def _ours(task: Task, apply: Any, assets: Mapping[str, Any]) -> System:
    origin, fields = Origin("trained here"), (task.takes, task.gives)
    return System(OURS, "this run", apply, origin, *fields, task.options, assets=assets)


def _line(
    section: Mapping[str, Any],
    path: str,
    ours: System,
    data: Mapping[str, Any],
    choosing: bool = False,
) -> Line:
    section = dict(section)
    if "protocol" not in section:
        raise ValueError(f"{path}.protocol is missing")
    protocol = look_up(PROTOCOLS, section.pop("protocol"), f"{path}.protocol")
    levels = None
    if protocol.of_training and "images" not in section and "images" in data:
        section["images"], levels = data["images"], data.get("levels") or None
    value = None
    if protocol.condition:
        usual = protocol.usual[0] if protocol.usual else None
        value = section.pop(protocol.condition, usual)
        if value is None:
            raise ValueError(f"{path}.{protocol.condition} is missing")

    def read(images: str, baseline: str = "") -> tuple[str, str]:
        return images, baseline or protocol.baseline()

    name, baseline = call(read, section, path)
    try:
        # Opened once here: what isn't there must not come to light after days of training.
        dataset = data_set(name, levels)
    except (ValueError, OSError) as error:
        raise ValueError(f"{path}.images: {error}") from None
    try:
        protocol.check(ours, dataset, value)
        if baseline:
            protocol.check(open_system(baseline), dataset, value)
    except (ValueError, OSError) as error:
        raise ValueError(f"{path}.{error}") from None
    return Line(dataset, protocol.choosing() if choosing else protocol, value, baseline)
