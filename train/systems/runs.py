"""What runs left, as systems: the best checkpoint of a run folder, or a file of its weights."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import jax

from imaging_jax import pretrained
from train.config.settings import DEFAULTS
from train.engine.folder import read_assets, training_of
from train.engine.restore import abstract_states, build_task, load_run
from train.systems.compiled import compiled
from train.systems.system import Origin, System, digest
from train.tasks import Task


def trained(run: Path) -> System:
    """The best checkpoint by validation of a run folder, else its last."""
    task, state, config = load_run(run)
    variables = task.variables(state)
    training = {"config": config, **training_of(run)}
    return _system(task, variables, config, run.resolve().name, training, read_assets(run))


def from_file(file: Path) -> System:
    """The weights that a run wrote at its end, wherever the file lies now.

    Raises:
      ValueError: a file that doesn't tell the config of its run, or holds other leaves than that
        config's networks have.
    """
    header = _header(file)
    config = {**DEFAULTS, **json.loads(header["config"])}
    task = build_task(config)
    *_, last = abstract_states(task, config["seed"], task.example(config["data"]))
    like = task.variables(last)
    alone = next(iter(like)) if len(like) == 1 else None
    read = pretrained.load_params(file, like[alone] if alone else like)
    variables, assets = {alone: read} if alone else read, json.loads(header.get("assets", "{}"))
    return _system(task, variables, config, file.stem, {"config": config}, assets)


def _header(file: Path) -> dict[str, str]:
    metadata = pretrained.metadata(file)
    if "config" not in metadata:
        raise ValueError(
            f"{file} doesn't tell which model it fills; name it: --model=<name>:<field>=<value>,…"
        )
    return metadata


def _system(
    task: Task, variables: Any, config: dict, weights: str, training: dict, assets: dict
) -> System:
    model = config["model"]
    model = model if "name" in model else model[task.exports[0]]
    apply = compiled(task.apply, task.takes, task.gives)
    placed = jax.tree.map(jax.numpy.asarray, variables)
    return System(
        model["name"],
        weights,
        partial(apply, placed),
        Origin(
            "trained here",
            sha256=digest(variables),
            seed=config["seed"],
            training=training,
            paper=config["paper"],
            precision=model.get("dtype", "float32"),
        ),
        task.takes,
        task.gives,
        task.options,
        pure=partial(task.apply, placed),
        assets=assets,
        whole=task.whole,
        period=task.period,
    )
