"""One run in one folder: starts or goes on, trains, validates, and ends with a table."""

import json
import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax

from train import report
from train.checkpoints import Checkpoints
from train.compiled import CompiledStage
from train.console import say
from train.devices import data_mesh, replicated
from train.evaluators import Evaluator, mean
from train.experiment import Experiment, build_experiment, build_task
from train.initialise import initialise_from
from train.loop import StopSignal, Trace, run_stage
from train.records import provenance
from train.scalars import Scalars
from train.settings import check_same, plain
from train.state import TrainState
from train.summary import write_summary

BEST, LAST, RESULT = "best", "checkpoints", "result.json"


@dataclass(frozen=True)
class Result:
    """What `fit` returns.

    Attributes:
      task: predicts with `state`.
      state: the best by validation.
      table: rows of the final table: {"images", "scale", "protocol", "system", "psnr", "ssim"}.
      workdir: the run folder.
    """

    task: Any
    state: TrainState
    table: list[dict]
    workdir: Path


def fit(config: Mapping[str, Any], workdir: str | Path, overwrite: bool = False) -> Result:
    """Trains what `config` describes in `workdir`, going on from its last checkpoint.

    Args:
      config: see `docs/architecture.md`; `configs/` has the papers'.
      workdir: the run folder; made if it isn't there.
      overwrite: delete what it holds and start anew.

    Raises:
      ValueError: a config that doesn't fit, or differs from the one the folder was made with.
      train.loop.Diverged: a loss that isn't finite.
      train.loop.Stopped: a signal came.
    """
    workdir = Path(workdir).absolute()
    experiment = build_experiment(config)
    _open_folder(config, workdir, overwrite)
    run = _Run(experiment, workdir)
    with StopSignal().listening() as stop:
        state = run.train(stop)
    table = report.finish(experiment, state, workdir)
    if jax.process_index() == 0:
        result = {"table": table, "seconds": round(run.seconds(), 1), **provenance()}
        (workdir / RESULT).write_text(json.dumps(result, indent=1) + "\n")
    return Result(experiment.task, state, table, workdir)


def load_run(run: str | Path) -> tuple[Any, TrainState, dict]:
    """Opens a run folder: (task, best state by validation or else the last, config).

    Raises:
      ValueError: no run there, or no checkpoint in it yet.
    """
    run = Path(run)
    if not (run / "config.json").is_file():
        raise ValueError(f"{run} is not a run folder: it has no config.json")
    config = json.loads((run / "config.json").read_text())
    task = build_task(config)
    wanted = _abstract_states(task, config["seed"], _example_batch(config["data"]))[-1]
    for name in (BEST, LAST):
        if (run / name).is_dir():
            checkpoints = Checkpoints(run / name, keep=config["train"].get("keep", 2))
            state = checkpoints.restore_last(lambda step: wanted)
            checkpoints.close()
            if state is not None:
                return task, state, config
    raise ValueError(f"{run} has no checkpoint yet")


def training_of(run: str | Path) -> dict:
    """Where and how a finished run was trained: command, commit, device, seconds; else empty."""
    file = Path(run) / RESULT
    if not file.is_file():
        return {}
    return {k: v for k, v in json.loads(file.read_text()).items() if k != "table"}


def _example_batch(data: Mapping[str, Any]) -> dict[str, jax.ShapeDtypeStruct]:
    # What the data would give, without opening it: a run is loaded where its images aren't.
    shape = (data["batch_size"], data["patch_size"], data["patch_size"], 3)
    return {"image": jax.ShapeDtypeStruct(shape, jax.numpy.float32)}


def _open_folder(config: Mapping[str, Any], workdir: Path, overwrite: bool) -> None:
    file = workdir / "config.json"
    if jax.process_index() == 0 and overwrite and workdir.exists():
        if not file.is_file() and any(workdir.iterdir()):
            raise ValueError(f"--overwrite: {workdir} is not a run folder, so nothing is deleted")
        shutil.rmtree(workdir)
    _barrier("overwritten")
    if file.is_file():
        check_same(config, file)
    elif workdir.exists() and any(workdir.iterdir()):
        raise ValueError(f"{workdir} is neither empty nor a run folder; choose another --workdir")
    _barrier("compared")
    if jax.process_index() == 0 and not file.is_file():
        workdir.mkdir(parents=True, exist_ok=True)
        temporary = workdir.parent / f".{workdir.name}.config"
        temporary.write_text(json.dumps(plain(config), indent=1) + "\n")
        os.replace(temporary, file)


def _barrier(name: str) -> None:
    if jax.process_count() > 1:
        from jax.experimental import multihost_utils

        multihost_utils.sync_global_devices(name)


def _abstract_states(task, seed: int, example) -> list[TrainState]:
    """Each stage's first state as shapes placed on every device."""
    mesh = data_mesh()
    states, previous = [], None
    for stage in task.stages:
        previous = jax.eval_shape(stage.init, jax.random.key(seed), example, previous)
        placed = jax.tree.map(
            lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=replicated(mesh)), previous
        )
        states.append(placed)
    return states


class _Run:
    def __init__(self, experiment: Experiment, workdir: Path):
        self.experiment = experiment
        self.workdir = workdir
        self.settings = experiment.settings
        self.mesh = data_mesh()
        if experiment.data.batch_size % self.mesh.size:
            raise ValueError(
                f"data.batch_size={experiment.data.batch_size} isn't a multiple of the "
                f"{self.mesh.size} devices"
            )
        self.checkpoints = Checkpoints(workdir / LAST, self.settings.keep)
        self.best = Checkpoints(workdir / BEST, keep=1)
        data = experiment.data
        self._example = jax.eval_shape(data.batch, jax.random.key(0), data.input_shapes(self.mesh))
        self.stages = experiment.task.stages
        self.ends = [sum(s.steps for s in self.stages[: i + 1]) for i in range(len(self.stages))]

    def train(self, stop: StopSignal) -> TrainState:
        """Goes through the stages; returns the best state."""
        abstract = _abstract_states(self.experiment.task, self.experiment.seed, self._example)
        stage_of = lambda step: next(i for i, end in enumerate(self.ends) if step <= end)  # noqa: E731
        state = self.checkpoints.restore_last(lambda step: abstract[stage_of(step)])
        step = int(state.step) if state is not None else 0
        if step:
            say(f"goes on from step {step} of {self.ends[-1]} in {self.workdir}")
        before = self.checkpoints.note(step)["seconds"] if step else 0.0
        start = time.monotonic()
        self.seconds = lambda: before + time.monotonic() - start
        self.scalars = Scalars(self.workdir, step)
        try:
            for index, end in enumerate(self.ends):
                if step > end:
                    continue
                if state is None or (step == self.ends[index - 1] and index > 0):
                    state = self._start(index, state)
                if step < end:
                    state = self._train_stage(index, end, state, stop)
                    step = end
        finally:
            self.scalars.close()
            self.checkpoints.close()
            self.best.wait()
        best = self.best.restore_last(lambda step: abstract[stage_of(step)])
        self.best.close()
        return best

    def _start(self, index: int, previous: TrainState | None) -> TrainState:
        stage, key = self.stages[index], jax.random.key(self.experiment.seed)
        init = jax.jit(
            lambda key, previous: stage.init(key, self._example, previous),
            out_shardings=replicated(self.mesh),
        )
        state = init(key, previous)
        if previous is None and self.experiment.init_from:
            state = initialise_from(state, self.experiment.init_from)
        return state

    def _train_stage(self, index: int, end: int, state: TrainState, stop) -> TrainState:
        settings = self.settings
        compiled = CompiledStage(
            self.stages[index], self.experiment.data, self.mesh, settings.steps_per_call
        )
        write_summary(compiled, state, self.workdir)
        trace = Trace(self.workdir / "profile" if self.experiment.profile else None)
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
            self.seconds,
        )

    def _validate(self, state: TrainState) -> None:
        step, validation = int(state.step), self.experiment.validation
        images, protocol = validation.open()
        predict = lambda lr, scale: self.experiment.task.predict(  # noqa: E731
            state, {"lr": lr, "scale": scale}
        )
        evaluator = Evaluator(
            predict, images, protocol, validation.scale, batch_size=self.mesh.size
        )
        scores = mean(evaluator.records())
        self.scalars.write(step, {f"validation/{k}": v for k, v in scores.items()})
        say(f"step {step}: validation on {images.name} {scores['psnr']:.3f} dB")
        report.preview(predict, images, protocol, validation.scale, self.workdir / "pictures", step)
        steps = self.best.steps()
        if not steps or scores["psnr"] > self.best.note(steps[-1])["psnr"]:
            self.best.save(state, {"psnr": scores["psnr"]})
            self.best.wait()
