"""A stage of a task: what the loop runs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax

from train.state.train_state import TrainState


def _first(step: int) -> int:
    del step
    return 0


@dataclass(frozen=True)
class Stage:
    """A stretch of training with one way of starting and a fixed set of step functions.

    Attributes:
      name: shown in the progress bar.
      steps: how many steps it lasts.
      init: (key, example batch of shapes, previous state or None) -> TrainState.
      step_functions: pure (state, batch) -> (state, metrics); `metrics["loss"]` is watched.
      choose: step counted over the run -> index of the step function that takes it.
    """

    name: str
    steps: int
    init: Callable[[jax.Array, Any, TrainState | None], TrainState]
    step_functions: tuple[Callable[[TrainState, Any], tuple[TrainState, dict]], ...]
    choose: Callable[[int], int] = _first
