"""One run in one folder: starts or goes on, trains, validates, and ends with a table."""

import time
from collections.abc import Callable, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jax.experimental import multihost_utils

from train.config.console import say
from train.config.settings import train_settings
from train.data import example_of
from train.engine.checkpoints import AllDamaged, Checkpoints
from train.engine.compiled import CompiledStage
from train.engine.disk import explains_writing
from train.engine.folder import (
    BEST,
    LAST,
    VALIDATION,
    check_place,
    note_start,
    open_folder,
    write_assets,
    write_result,
)
from train.engine.initial import read_initial, with_initial
from train.engine.lock import held_alone
from train.engine.loop import StopSignal, Trace, run_stage
from train.engine.restore import abstract_states, stage_ends, state_at
from train.engine.scalars import Scalars
from train.engine.summary import write_summary
from train.records import report
from train.run.experiment import Experiment, build_experiment
from train.run.notices import says_changes, says_degradations
from train.state.devices import data_mesh, share_cores
from train.state.train_state import TrainState
from train.systems.system import System
from train.tasks import Task


@dataclass(frozen=True)
class Result:
    """What `fit` returns.

    Attributes:
      task: what was trained.
      state: the best by validation.
      system: that state, applied: `result.system.apply({"image": lr}, scale=3)`.
      table: rows of the final table, such as {"images", "scale", "protocol", "system", "psnr", …}.
      workdir: the run folder.
      quality: of that state by validation, larger is better; None where nothing was validated.
    """

    task: Task
    state: TrainState
    system: System
    table: list[dict]
    workdir: Path
    quality: float | None


def fit(
    config: Mapping[str, Any],
    workdir: str | Path,
    overwrite: bool = False,
    watch: Callable[[int, float], None] | None = None,
) -> Result:
    """Trains what `config` describes in `workdir`, going on from its last checkpoint.

    Args:
      config: see `docs/architecture.md`; `configs/` has the papers'.
      workdir: the run folder; made if it isn't there.
      overwrite: delete what it holds and start anew.
      watch: is told step and quality of every validation, of which larger is better; what it
        raises ends the training.

    Raises:
      ValueError: a config that doesn't fit, or would have trained otherwise what the folder holds;
        a folder in which another training is under way; nothing in the folder was changed.
      MemoryError: out of memory; names batch and patch size.
      train.engine.disk.DiskFull: no room in the folder; says what was wanted and what is free.
      train.engine.loop.Diverged: a loss that isn't finite.
      train.engine.loop.Stopped: a signal came.
    """
    workdir = Path(workdir).absolute()
    share_cores_among(config)
    experiment = build_experiment(config)
    run = _Run(experiment, workdir, watch)
    with explains_writing(workdir):
        check_place(workdir)
        with held_alone(workdir):
            changed = open_folder(config, workdir, overwrite)
            write_assets(workdir, experiment.data.assets)
            step = run.restore(noted=bool(changed))
            for line in says_changes(config, changed, experiment.task, step):
                say(line)
            for line in says_degradations(config, experiment.task):
                say(line)
            with StopSignal().listening() as stop, explains_memory(experiment.data):
                state = run.train(stop)
            table = report.finish(experiment.review, state, workdir, run.seconds)
            write_result(workdir, table, run.seconds)
    system = experiment.review.system(state)
    return Result(experiment.task, state, system, table, workdir, run.quality)


def share_cores_among(config: Mapping[str, Any]) -> None:
    """Cuts a CPU into as many devices as a config's batch and `train.cpu_devices` allow."""
    settings, batch_size = train_settings(config), config["data"].get("batch_size")
    if isinstance(batch_size, int) and batch_size % settings.accumulate == 0:
        share_cores(batch_size // settings.accumulate, settings.cpu_devices)


@contextmanager
def explains_memory(data: Any):
    """Turns an out-of-memory error of the device into one that says what to change."""
    try:
        yield
    except jax.errors.JaxRuntimeError as error:
        if "RESOURCE_EXHAUSTED" not in str(error) and "ut of memory" not in str(error):
            raise
        sizes = [name for name in ("batch_size", "patch_size") if hasattr(data, name)]
        given = " and ".join(f"data.{name}={getattr(data, name)}" for name in sizes)
        raise MemoryError(
            f"out of memory with {given}: lower one, raise train.accumulate if the task takes it, "
            f"or set model.remat where the model has it ({str(error).splitlines()[0][:200]})"
        ) from None


def _trace_steps(task, states: list[TrainState], example) -> None:
    """Traces what the first steps of each stage call, so that no misfit waits for its turn."""
    for stage, state in zip(task.stages, states, strict=True):
        for name in sorted({stage.choose(step) for step in range(min(stage.steps, 64))}):
            jax.eval_shape(stage.step_functions[name], state, example)


class _Run:
    """Made before the folder is touched: what can't be trained is known by then."""

    def __init__(self, experiment: Experiment, workdir: Path, watch=None):
        self.experiment = experiment
        self.watch = watch
        self.workdir = workdir
        self.mesh = data_mesh()
        self.seconds = 0.0
        self.quality = None
        data, task = experiment.data, experiment.task
        if data.batch_size % self.mesh.size:
            raise ValueError(
                f"data.batch_size={data.batch_size} isn't a multiple of {self.mesh.size} devices"
            )
        self._example = example_of(data, self.mesh)
        self._abstract = abstract_states(
            task, experiment.seed, self._example, experiment.settings.shard_parameters
        )
        _trace_steps(task, self._abstract, self._example)
        self._initial = read_initial(experiment.init_from, self._abstract[0], task.exports)
        self._stages = task.stages
        self._ends = stage_ends(self._stages)
        self._wanted = partial(state_at, self._abstract, self._ends)

    def restore(self, noted: bool) -> int:
        """Opens the folder; returns the step to go on from, and notes the start if it isn't yet."""
        self.checkpoints = Checkpoints(self.workdir / LAST, self.experiment.settings.keep)
        self.best = Checkpoints(self.workdir / BEST, keep=1)
        self._state = self.checkpoints.restore_last(self._wanted)
        step = int(self._state.step) if self._state is not None else 0
        if step:
            self.seconds = self.checkpoints.note(step)["seconds"]
            say(f"goes on from step {step} of {self._ends[-1]} in {self.workdir}")
        if not noted and (self._state is None or step < self._ends[-1]):
            note_start(self.workdir)
        return step

    def train(self, stop: StopSignal) -> TrainState:
        """Goes through the stages that are left; returns the best state."""
        state = self._start(0, None) if self._state is None else self._state
        # Steps donate it: nobody else may keep it.
        self._state = None
        step = int(state.step)
        self.scalars = Scalars(self.workdir, step)
        # Each is closed, also where closing another fails for want of room.
        with closing(self.best):
            with closing(self.scalars), closing(self.checkpoints):
                self.checkpoints.check_room(state)
                if self._ends[-1] == 0:
                    self.checkpoints.save(state, {"seconds": 0.0})
                for index, end in enumerate(self._ends):
                    if step < end:
                        if index and step == self._ends[index - 1]:
                            state = self._start(index, state)
                        state = self._train_stage(index, end, state, stop)
                        step = end
            return self._best_or(state)

    def _best_or(self, last: TrainState) -> TrainState:
        try:
            best = self.best.restore_last(self._wanted)
        except AllDamaged as damage:
            say(f"{damage}; the last state is used")
            return last
        if best is None:
            return last
        self.quality = self.best.note(int(best.step))["quality"]
        return best

    def _start(self, index: int, previous: TrainState | None) -> TrainState:
        stage, key = self._stages[index], jax.random.key(self.experiment.seed)
        places = jax.tree.map(lambda leaf: leaf.sharding, self._abstract[index])
        init = jax.jit(
            lambda key, previous: stage.init(key, self._example, previous), out_shardings=places
        )
        state = init(key, previous)
        return with_initial(state, self._initial) if previous is None else state

    def _train_stage(self, index: int, end: int, state: TrainState, stop) -> TrainState:
        settings, before, start = self.experiment.settings, self.seconds, time.monotonic()

        def seconds() -> float:
            self.seconds = before + time.monotonic() - start
            return self.seconds

        compiled = CompiledStage(
            self._stages[index],
            self.experiment.data,
            self.mesh,
            settings.steps_per_call,
            settings.shard_parameters,
        )
        write_summary(compiled, state, self.workdir)
        trace = Trace(self.workdir / "profile" if self.experiment.profile else None)
        try:
            return run_stage(
                compiled,
                state,
                end,
                settings,
                self.checkpoints,
                self.scalars,
                self._validate,
                stop,
                trace,
                seconds,
            )
        finally:
            trace.finish()

    def _validate(self, state: TrainState) -> None:
        step, review = int(state.step), self.experiment.review
        scores = review.validate(state, self.workdir / "pictures", step)
        self.scalars.write(step, {f"{VALIDATION}{k}": v for k, v in scores.items()})
        say(f"step {step}: {review.says(scores)}")
        quality, steps = review.quality(scores), self.best.steps()
        # Stages train towards different ends: those of an earlier one are no rivals.
        begun = max((end for end in self._ends if end < step), default=0)
        better = not steps or steps[-1] <= begun or quality > self.best.note(steps[-1])["quality"]
        if jax.process_count() > 1:
            # Saving is a common act: a last digit must not divide the processes.
            better = bool(multihost_utils.broadcast_one_to_all(np.array(better)))
        if better:
            self.best.save(state, {"quality": quality})
            self.best.wait()
        if self.watch:
            self.watch(step, quality)
