"""A stage of a task: what the loop runs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import jax

from train.state.optimizers import Optimizer
from train.state.train_state import TrainState

STEP = "step"


def _only(step: int) -> str:
    del step
    return STEP


@dataclass(frozen=True)
class Stage:
    """A stretch of training with one way of starting and a fixed set of step functions.

    Attributes:
      name: shown in the progress bar.
      steps: how many steps it lasts.
      init: (key, example batch of shapes, previous state or None) -> TrainState.
      step_functions: pure (state, batch) -> (state, metrics) by name; `metrics["loss"]` is watched.
      choose: step counted over the run -> name of the step function that takes it; without a rule
        there is one alone, named "step".
      optimizers: of its step functions.
    """

    name: str
    steps: int
    init: Callable[[jax.Array, Any, TrainState | None], TrainState]
    step_functions: Mapping[str, Callable[[TrainState, Any], tuple[TrainState, dict]]]
    choose: Callable[[int], str] = _only
    optimizers: tuple[Optimizer, ...] = ()


def learning_rates(stages: Sequence[Stage], step: int) -> dict[str, float]:
    """The rate of each optimizer's update after `step` steps of the run, by its networks."""
    ends = list(accumulate(stage.steps for stage in stages))
    index = next((i for i, end in enumerate(ends) if step < end), len(stages) - 1)
    return {
        ", ".join(optimizer.networks): float(optimizer.schedule(optimizer.count(step)))
        for optimizer in stages[index].optimizers
    }
