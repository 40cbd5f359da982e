"""Our side: the training step as the loop drives it, on any data path, and the prediction."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import repeat
from typing import Any

import jax
import numpy as np
from jax.experimental.compilation_cache import compilation_cache
from jax.sharding import Mesh

from benchmarks.timing import Subject
from train.config.registry import build, look_up
from train.data import DATA, example_of
from train.data.fields import Field
from train.engine.compiled import CompiledStage
from train.state.devices import replicated, split_over_devices
from train.state.stage import STEP, Stage
from train.state.update import step_function
from train.systems.compiled import compiled
from train.tasks.supervised import NETWORK

SOURCES = ("config", "synthetic")


class UniformNoise:
    """A data path whose one batch, uniform in [0, 1], is made once on the device.

    Args:
      shapes: {name: shape}, the batch first in each.
      patch_size: of the config that it stands for.
    """

    streamed = False

    def __init__(self, shapes: Mapping[str, tuple[int, ...]], patch_size: int):
        self.shapes = dict(shapes)
        self.batch_size = next(iter(shapes.values()))[0]
        self.patch_size = patch_size
        self.fields = {
            name: Field(tuple(shape[1:]), "float32", "image", (0.0, 1.0))
            for name, shape in shapes.items()
        }

    def inputs(self, step: int, mesh: Mesh) -> Iterator[dict[str, jax.Array]]:
        """The same arrays for every step."""
        del step

        def draw():
            keys = jax.random.split(jax.random.key(0), len(self.shapes))
            return {
                name: jax.random.uniform(key, shape)
                for key, (name, shape) in zip(keys, self.shapes.items(), strict=True)
            }

        return repeat(jax.jit(draw, out_shardings=split_over_devices(mesh))())

    def input_shapes(self, mesh: Mesh) -> dict[str, jax.ShapeDtypeStruct]:
        """Shapes of what `inputs` gives."""
        place = split_over_devices(mesh)
        return {
            name: jax.ShapeDtypeStruct(shape, np.float32, sharding=place)
            for name, shape in self.shapes.items()
        }

    def batch(self, key: jax.Array, inputs: dict[str, jax.Array]) -> dict[str, jax.Array]:
        """The arrays as they came."""
        del key
        return inputs


def build_data(config: Mapping[str, Any], source: str) -> Any:
    """Builds the data path of a config ("config"), or noise of its size ("synthetic").

    Raises:
      ValueError: an unknown source, or a data section that can't be built here.
    """
    look_up(dict.fromkeys(SOURCES), source, "--data")
    section = config["data"]
    if source == "synthetic":
        batch, size = section["batch_size"], section["patch_size"]
        return UniformNoise({"image": (batch, size, size, 3)}, size)
    try:
        return build(DATA, section, "data", seed=config["seed"])
    except ValueError as error:
        raise ValueError(f"{error}; --data=synthetic needs no images") from None


@contextmanager
def _no_compilation_cache():
    # A program read from the cache would tell nothing of how long compiling takes.
    before = jax.config.jax_enable_compilation_cache
    try:
        jax.config.update("jax_enable_compilation_cache", False)
        compilation_cache.reset_cache()
        yield
    finally:
        jax.config.update("jax_enable_compilation_cache", before)
        compilation_cache.reset_cache()


class Training:
    """A stage from its start, stepped as `train.engine.loop` steps it.

    Args:
      stage: what is trained.
      data: see `train.data`.
      mesh: of the devices.
      seed: of the run.
      steps_per_call: steps in one dispatch.

    Attributes:
      state: the training state; every call donates it.
      program: the compiled call.
      compile_seconds: tracing and compiling it.
      flops: of one step by XLA's count, data and degradation included.
    """

    def __init__(self, stage: Stage, data: Any, mesh: Mesh, seed: int, steps_per_call: int):
        example = example_of(data, mesh)
        init = jax.jit(lambda key: stage.init(key, example, None), out_shardings=replicated(mesh))
        self.state = init(jax.random.key(seed))
        self._compiled = CompiledStage(stage, data, mesh, steps_per_call)
        with _no_compilation_cache():
            start = time.perf_counter()
            self.program = self._compiled.program(self.state, 0)
            self.compile_seconds = time.perf_counter() - start
        self.flops = self._compiled.flops(self.state, 0)
        self._inputs = self._compiled.inputs(0)
        self._step = 0

    def run(self, calls: int) -> None:
        """Makes so many calls, and waits for the last."""
        for _ in range(calls):
            self.state, _ = self._compiled(self.state, self._step, next(self._inputs))
            self._step += self._compiled.steps_per_call
        jax.block_until_ready(self.state)

    def subject(self, name: str) -> Subject:
        """This training under a name, to be timed."""
        return Subject(name, self.run, self._compiled.steps_per_call)


def ready_pairs(data: Any, scale: int, channels: int) -> UniformNoise:
    """Pairs of noise of the sizes that `data`'s patches and a degradation by `scale` have."""
    batch, size = data.batch_size, data.patch_size
    return UniformNoise(
        {
            "lr": (batch, size // scale, size // scale, channels),
            "hr": (batch, size, size, channels),
        },
        size,
    )


def on_ready_pairs(task: Any, stage: Stage, data: Any, mesh: Mesh) -> Stage:
    """The stage of a super-resolution task without its degradation.

    Args:
      task: a `train.tasks.SuperResolution` whose network has no state but its parameters.
      stage: its stage.
      data: what that stage is trained on.
      mesh: of the devices.

    Returns:
      A stage that takes {"lr", "hr"}.
    """

    def loss(params, collections, key, batch):
        del collections, key
        prediction = task.network.apply({"params": params[NETWORK]}, batch["lr"], train=True)
        return task.loss(prediction.astype(np.float32), batch["hr"]), ({}, {})

    ema = {NETWORK: task.ema_decay} if task.ema_decay else {}
    step = step_function(loss, (task.optimizer,), ema=ema)

    def init(key, pairs, previous):
        del pairs
        return stage.init(key, example_of(data, mesh), previous)

    return Stage("pairs", stage.steps, init, {STEP: step})


def prediction(
    task: Any, state: Any, lr: np.ndarray, told: dict[str, int]
) -> Callable[[int], None]:
    """Predicts from an image on the host so many times; the results stay on the device."""
    apply, variables = compiled(task.apply, task.takes, task.gives), task.variables(state)

    def run(calls: int) -> None:
        for _ in range(calls):
            result = apply(variables, {"image": lr}, **told)
        jax.block_until_ready(result)

    return run
