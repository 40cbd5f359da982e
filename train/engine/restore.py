"""Opens a run folder for reading: its task, and the state that a checkpoint holds."""

from collections.abc import Mapping
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any

import jax

from train.config.console import say
from train.config.registry import look_up
from train.config.settings import train_settings
from train.engine.checkpoints import AllDamaged, Checkpoints
from train.engine.folder import BEST, LAST, read_config
from train.state.devices import data_mesh, placements
from train.state.stage import Stage
from train.state.train_state import TrainState
from train.tasks import TASKS


def build_task(config: Mapping[str, Any]) -> Any:
    """Builds the task of a config, with its networks; needs no data."""
    settings = train_settings(config)
    task = look_up(TASKS, config["task"].get("name"), "task.name")
    return task.from_config(config, settings)


def load_run(run: str | Path) -> tuple[Any, TrainState, dict]:
    """Opens a run folder for reading: (task, best state by validation or else the last, config).

    Raises:
      ValueError: no run there, no checkpoint in it yet, or none that can be read.
    """
    run = Path(run)
    config = read_config(run)
    task = build_task(config)
    shared = train_settings(config).shard_parameters
    states = abstract_states(task, config["seed"], task.example(config["data"]), shared)
    wanted = partial(state_at, states, stage_ends(task.stages))
    for name in (BEST, LAST):
        if (run / name).is_dir():
            checkpoints = Checkpoints(run / name, keep=None)
            try:
                state = checkpoints.restore_last(wanted)
            except AllDamaged as damage:
                say(str(damage))
                continue
            finally:
                checkpoints.close()
            if state is not None:
                return task, state, config
    raise ValueError(f"{run} has no checkpoint that can be read")


def abstract_states(task, seed: int, example, shard_parameters: bool = False) -> list[TrainState]:
    """Each stage's first state as shapes with their placements on the devices."""
    mesh, states, previous = data_mesh(), [], None
    for stage in task.stages:
        previous = jax.eval_shape(stage.init, jax.random.key(seed), example, previous)
        places = placements(previous, mesh, shard_parameters)
        states.append(
            jax.tree.map(
                lambda x, place: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=place),
                previous,
                places,
            )
        )
    return states


def stage_ends(stages: list[Stage]) -> list[int]:
    """The last step of each stage, counted over the run."""
    return list(accumulate(stage.steps for stage in stages))


def state_at(states: list[TrainState], ends: list[int], step: int) -> TrainState:
    """Of each stage's state that of the one to which a step belongs."""
    return states[next(i for i, end in enumerate(ends) if step <= end)]
