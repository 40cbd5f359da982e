"""A stage of a task: what the loop runs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax

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
    """

    name: str
    steps: int
    init: Callable[[jax.Array, Any, TrainState | None], TrainState]
    step_functions: Mapping[str, Callable[[TrainState, Any], tuple[TrainState, dict]]]
    choose: Callable[[int], str] = _only
