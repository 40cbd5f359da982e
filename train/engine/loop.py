"""The training loop: it knows states, steps and files, and nothing of images."""

import math
import signal
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jax
import numpy as np
from tqdm import tqdm

from train.config.console import say
from train.config.settings import TrainSettings
from train.engine.checkpoints import Checkpoints
from train.engine.compiled import CompiledStage
from train.engine.scalars import Scalars
from train.state.train_state import TrainState, leaf_name


class Diverged(RuntimeError):
    """The loss or the gradient stopped being a number."""


class Stopped(Exception):
    """A signal asked the run to stop; its state is saved."""


def run_stage(
    compiled: CompiledStage,
    state: TrainState,
    end: int,
    settings: TrainSettings,
    checkpoints: Checkpoints,
    scalars: Scalars,
    validate: Callable[[TrainState], None],
    stop: "StopSignal",
    trace: "Trace",
    seconds: Callable[[], float],
) -> TrainState:
    """Trains until step `end`, logging, validating and saving on the way.

    Args:
      compiled: the stage's steps.
      state: where to start; donated.
      end: last step of the stage, counted over the run.
      settings: how often what happens.
      checkpoints: where states go.
      scalars: where metrics go.
      validate: called with the state each `validate_every` steps and at the end.
      stop: asked after every call.
      trace: leaves a profile of some calls.
      seconds: how long the run has taken, over all its resumptions; noted in checkpoints.

    Raises:
      Diverged: a metric is NaN or infinite; nothing was saved since.
      Stopped: a signal came; the state was saved.
    """
    step = int(state.step)
    inputs = compiled.inputs(step)
    name = compiled.stage.name
    bar = tqdm(total=end, initial=step, desc=name, unit="step", disable=jax.process_index() > 0)
    with bar:
        while step < end:
            with trace.call():
                state, metrics = compiled(state, step, next(inputs))
            step += compiled.steps_per_call
            bar.update(compiled.steps_per_call)
            last = step == end
            logs = last or step % settings.log_every == 0
            stopping = stop.requested(logs) and not last
            saves = last or stopping or step % settings.checkpoint_every == 0
            if logs or saves:
                values = {key: float(value) for key, value in jax.device_get(metrics).items()}
                _check_finite(values, step, state, checkpoints)
                bar.set_postfix(loss=f"{values['loss']:.4g}")
            if logs:
                scalars.write(step, {f"train/{key}": value for key, value in values.items()})
            if last or step % settings.validate_every == 0:
                validate(state)
            if saves:
                checkpoints.save(state, {"seconds": seconds()})
            if stopping:
                checkpoints.wait()
                raise Stopped(f"stopped by signal at step {step}, saved; the same command goes on")
    return state


def _check_finite(values: dict[str, float], step: int, state: TrainState, checkpoints) -> None:
    bad = [name for name, value in values.items() if not math.isfinite(value)]
    if not bad:
        return
    checkpoints.wait()
    steps = checkpoints.steps()
    kept = (
        f"the last good checkpoint is step {steps[-1]}" if steps else "no checkpoint was made yet"
    )
    raise Diverged(
        f"{', '.join(f'{name}={values[name]}' for name in bad)} at step {step}; {kept}. "
        f"{_first_bad_leaf(state)} Look at the optimizer's learning rate (schedule.peak, warmup), "
        "its clip_norm and the training images."
    )


def _first_bad_leaf(state: TrainState) -> str:
    for path, leaf in jax.tree_util.tree_leaves_with_path(state.params):
        parts = (np.asarray(shard.data) for shard in leaf.addressable_shards)
        if not all(np.isfinite(part).all() for part in parts):
            name = leaf_name(path)
            return f"The first parameter that isn't finite is {name}."
    return "All parameters are still finite: the batch or the loss is at fault."


class Trace:
    """Traces the third to fifth call, or as far as it comes, for TensorBoard or Perfetto."""

    def __init__(self, folder: Path | None):
        self._folder = folder
        self._calls = 0
        self._tracing = False

    @contextmanager
    def call(self):
        """Wraps one call."""
        self._calls += 1
        if self._folder and self._calls == 3:
            jax.profiler.start_trace(str(self._folder))
            self._tracing = True
        yield
        if self._calls == 5:
            self.finish()

    def finish(self) -> None:
        """Writes the trace if one was begun."""
        if self._tracing:
            jax.block_until_ready(jax.live_arrays())
            jax.profiler.stop_trace()
            self._tracing = False
            say(f"profile: {self._folder}")


class StopSignal:
    """Remembers SIGTERM and SIGINT between steps; processes agree where they log."""

    def __init__(self):
        self._received = False

    def requested(self, agree: bool) -> bool:
        """Whether to stop now; with several processes only asked together, when `agree`."""
        if jax.process_count() == 1:
            return self._received
        if not agree:
            return False
        from jax.experimental import multihost_utils

        return bool(multihost_utils.process_allgather(np.array(self._received)).any())

    @contextmanager
    def listening(self):
        """Catches the signals inside; a second one is fatal, as people expect."""
        try:
            before = {s: signal.getsignal(s) for s in (signal.SIGTERM, signal.SIGINT)}
            for number in before:
                signal.signal(number, self._receive)
        except ValueError:
            # Not the main thread, as in some notebooks: signals stay with whoever has them.
            yield self
            return
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _receive(self, number: int, frame: Any) -> None:
        del frame
        # Nothing is printed here: the signal may have come in the middle of a print.
        self._received = True
        signal.signal(number, signal.SIG_DFL)
