"""A scene of several frames, and a query against many codes: seconds, and memory of the program."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from benchmarks import machine
from imaging_jax.models.multi_frame import WDSR3D, DeepSUM, HighResNet
from train.systems.picture_index import nearest_codes
from train.tasks.multi_frame import made_of_frames

_FRAMES, _SIDE = 32, 128
_CODES, _NUMBERS, _FOUND = 100_000, 128, 10


@dataclass(frozen=True)
class Case:
    """What is measured.

    Attributes:
      name: as it is shown.
      function: called with the arguments.
      arguments: placed before.
    """

    name: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...]


def cases(frames: int = _FRAMES, side: int = _SIDE, codes: int = _CODES) -> Iterator[Case]:
    """The networks on one scene of grey frames, and the ten codes nearest to one.

    Args:
      frames: of the scene; networks that take fewer take the first.
      side: height and width of a frame.
      codes: that are compared.
    """
    key = jax.random.key(0)
    scene = jax.random.uniform(key, (1, frames, side, side, 1))
    clear = jnp.ones_like(scene)
    for network in (HighResNet(), WDSR3D(), DeepSUM()):
        variables = jax.jit(network.init)(key, scene[:, :2, :8, :8], clear[:, :2, :8, :8])
        yield Case(
            f"{type(network).__name__}, {frames} frames of {side}x{side}",
            partial(_made, network),
            (variables, scene, clear),
        )
    many = jax.random.normal(key, (codes, _NUMBERS))
    many = many / jnp.linalg.norm(many, axis=1, keepdims=True)
    query = partial(nearest_codes, count=_FOUND)
    yield Case(f"query, {codes:,} codes of {_NUMBERS} numbers", query, (many, many[0]))


def benchmark_remote_sensing(found: Iterator[Case], rounds: int) -> dict[str, Any]:
    """Times each case: the shortest of so many calls, and the bytes its program holds.

    Args:
      found: of `cases`.
      rounds: calls.

    Returns:
      {"device", "load", "rows"}; a row has "case", "seconds", "program_bytes" and "peak_bytes".
    """
    load, rows = machine.load(), []
    for case in found:
        compiled = jax.jit(case.function).lower(*case.arguments).compile()
        seconds = []
        for _ in range(rounds):
            start = time.perf_counter()
            jax.block_until_ready(compiled(*case.arguments))
            seconds.append(time.perf_counter() - start)
        rows.append({"case": case.name, "seconds": min(seconds), **machine.memory(compiled)})
    return {"device": jax.devices()[0].device_kind, "load": load, "rows": rows}


def remote_sensing_lines(report: dict[str, Any]) -> list[str]:
    """A line for each case, and what it ran beside."""
    load = report["load"]
    return [
        *(
            f"{row['case']}: {row['seconds']:.3f} s, {row['program_bytes'] / 1e9:.2f} GB"
            for row in report["rows"]
        ),
        f"{report['device']}; load before: {load['load_average']:.1f} programs on "
        f"{load['cores']} cores",
    ]


def _made(network, variables, frames, clear):
    return made_of_frames(network, variables, {"frames": frames, "clear": clear})
