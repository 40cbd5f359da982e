"""The measurement as a whole: ours alone, or in turns with PyTorch."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from functools import partial
from typing import Any

import jax
import numpy as np

from benchmarks import machine
from benchmarks.opponent import Elsewhere, in_another_process
from benchmarks.timing import Subject, ratio, spread, take_turns
from benchmarks.training import (
    Training,
    build_data,
    on_ready_pairs,
    prediction,
    ready_pairs,
)
from train.config.registry import look_up
from train.config.settings import plain, train_settings
from train.engine.provenance import provenance
from train.engine.restore import build_task
from train.run.training import explains_memory, share_cores_among
from train.state.devices import data_mesh
from train.tasks.restoration import Restoration
from train.tasks.supervised import NETWORK

WHOLE, OURS = "whole step", "ours"


def benchmark(
    config: Mapping[str, Any],
    *,
    source: str = "config",
    image_size: tuple[int, int] | None = None,
    against: str = "",
    rounds: int = 10,
    seconds: float = 2.0,
) -> dict[str, Any]:
    """Measures the training step of a config's first stage, and its prediction.

    Args:
      config: as for training; its sections `validation` and `evaluation` aren't looked at.
      source: "config" for its data, or "synthetic" for noise of its batch and patch size, made
        once on the device.
      image_size: height and width of the image that is predicted from; None predicts nothing.
      against: "torch" for turns with the same network in PyTorch, or empty.
      rounds: chunks of calls that are timed of each subject.
      seconds: about how long a chunk lasts.

    Returns:
      What `benchmarks.lines` renders, ready for JSON.

    Raises:
      ValueError: a config that doesn't fit, data that aren't there, or a config or machine that
        PyTorch's side doesn't serve.
      MemoryError: out of memory; names batch and patch size.
    """
    if rounds < 1:
        raise ValueError(f"--rounds={rounds}: wanted at least 1")
    if against:
        look_up({"torch": None}, against, "--against")
    share_cores_among(config)
    load, others = machine.load(), machine.Others()
    with in_another_process(config) if against else nullcontext() as opponent:
        report = _measured(config, source, image_size, opponent, rounds, seconds)
    return {**report, "load": {**load, "others": others.cores()}}


def _measured(
    config: Mapping[str, Any],
    source: str,
    image_size: tuple[int, int] | None,
    opponent: Elsewhere | None,
    rounds: int,
    seconds: float,
) -> dict[str, Any]:
    task, settings, mesh = build_task(config), train_settings(config), data_mesh()
    if not isinstance(task, Restoration):
        raise ValueError(
            f"--config: task.name={config['task']['name']}: wanted one that restores images"
        )
    data = build_data(config, source)
    task.check_data(data)
    if data.batch_size % mesh.size:
        raise ValueError(
            f"data.batch_size={data.batch_size} isn't a multiple of {mesh.size} devices"
        )
    stage, calls = task.stages[0], settings.steps_per_call
    with explains_memory(data):
        whole = Training(stage, data, mesh, config["seed"], calls)
        whole.run(1)
        report = {
            **provenance(),
            "config": plain(config),
            "source": source,
            "dtype": np.dtype(task.network.dtype).name,
            "parameters": int(sum(leaf.size for leaf in jax.tree.leaves(whole.state.params))),
            "rounds": rounds,
            "compile_seconds": whole.compile_seconds,
            "memory": machine.memory(whole.program),
        }
        timed = [(whole.subject(WHOLE), whole.flops)]
        if opponent:
            pairs = ready_pairs(data, task.scales[0], task.channels)
            batch = jax.tree.map(np.array, next(pairs.inputs(0, mesh)))
            bare = on_ready_pairs(task, stage, data, mesh)
            ours = Training(bare, pairs, mesh, config["seed"], calls)
            theirs = opponent.trainings(_params(ours.state), batch)
            timed += [(subject, ours.flops) for subject in (ours.subject(OURS), *theirs)]
        turns = partial(take_turns, rounds=rounds, seconds=seconds)
        report |= _training(timed, turns, data.batch_size, task.network, mesh.size)
        if image_size:
            report["prediction"] = _prediction(task, whole.state, turns, image_size, opponent)
    if opponent:
        parts = [part for part in ("training", "prediction") if part in report]
        report["ratios"] = {part: _ratios(report[part]) for part in parts}
        report["torch"] = opponent.report
    return report


def _params(state: Any) -> dict[str, Any]:
    return jax.tree.map(np.asarray, state.params[NETWORK])


def _training(
    timed: list[tuple[Subject, float]], turns: Callable, images: int, network: Any, devices: int
) -> dict[str, Any]:
    """Times steps of known operations, in turns with products of the network's type."""
    matmuls = [machine.matmul(n, network.dtype, network.precision) for n in machine.matmul_sizes()]
    times = turns([*(matmul.subject for matmul in matmuls), *(subject for subject, _ in timed)])
    rates = [matmul.flops / np.asarray(times[matmul.subject.name]) for matmul in matmuls]
    best = max(range(len(matmuls)), key=lambda index: np.median(rates[index]))
    training = {}
    for subject, flops in timed:
        found = np.asarray(times[subject.name])
        training[subject.name] = {
            **_summary(found, images),
            "flops": flops,
            "flops_per_second": flops / float(np.median(found)),
            "share_of_matmul": ratio(flops / found, devices * rates[best]).as_dict(),
        }
    matmul = {
        "dtype": np.dtype(network.dtype).name,
        "tf32": machine.allows_tf32(network.precision),
        "size": matmuls[best].size,
        "flops_per_second": spread(rates[best]).as_dict(),
    }
    return {"matmul": matmul, "training": training}


def _prediction(task: Any, state: Any, turns: Callable, size: tuple[int, int], opponent) -> dict:
    # A denoiser for any level is told one of the usual ones.
    ((name, served),) = task.options.items()
    told, shape = {name: (served or (25,))[0]}, (1, *size, task.channels)
    # Copied: PyTorch warns of arrays that it can't write to.
    lr = np.array(jax.random.uniform(jax.random.key(0), shape))
    subjects = [Subject(OURS, prediction(task, state, lr, told))]
    if opponent:
        subjects += opponent.predictions(_params(state), lr)
    times = turns(subjects)
    return {name: {"input_shape": shape, **_summary(found, 1)} for name, found in times.items()}


def _summary(times, images: int) -> dict[str, Any]:
    seconds = spread(times)
    return {
        "seconds": seconds.as_dict(),
        "images_per_second": images / seconds.median,
        "rounds": list(map(float, times)),
    }


def _ratios(part: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Seconds over those of ours in the same round: above 1, ours is faster."""
    return {
        name: ratio(found["rounds"], part[OURS]["rounds"]).as_dict()
        for name, found in part.items()
        if name != OURS
    }
