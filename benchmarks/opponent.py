"""PyTorch as the opponent: in a process of its own, its failures told instead of raised."""

import multiprocessing
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from multiprocessing.managers import BaseManager
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.machine import allows_tf32
from benchmarks.timing import Subject
from train.config.settings import plain
from train.engine.restore import build_task

EAGER, COMPILED = "torch eager", "torch.compile"
_MISSING = "--against=torch: PyTorch isn't installed here"


class Torch:
    """The network and the training step of a config in PyTorch.

    Args:
      config: as for training.
      task: built from it.

    Attributes:
      report: what was found: versions, settings, "first_seconds" and "peak_bytes" of the trainings,
        "failures", "largest_difference" of both networks' outputs with the same weights.

    Raises:
      ValueError: PyTorch isn't installed, or has no counterpart of the network, the step or the
        device.
    """

    def __init__(self, config: Mapping[str, Any], task: Any):
        try:
            from benchmarks import torch_training
        except ModuleNotFoundError as error:
            if error.name != "torch":
                raise
            raise ValueError(_MISSING) from None
        torch_training.check(config, task)
        self._side = torch_training
        self._config = config
        self._network = task.network
        self.report: dict[str, Any] = {
            **torch_training.describe(),
            "training_tf32": allows_tf32(task.network.precision),
            "prediction_tf32": allows_tf32(task.network.precision or "highest"),
            "first_seconds": {},
            "peak_bytes": {},
            "failures": {},
        }

    def trainings(
        self, params: Mapping[str, Any], batch: Mapping[str, np.ndarray]
    ) -> list[Subject]:
        """Steps on the pair of batches `batch`, from `params`; one step of each is taken."""
        self._side.set_precision(self.report["training_tf32"])
        ours = jax.jit(self._network.apply)({"params": params}, jnp.asarray(batch["lr"]))
        theirs = self._model(params).output(batch["lr"])
        self.report["largest_difference"] = float(np.max(np.abs(np.asarray(ours) - theirs)))

        def start(name: str) -> Subject:
            training = self._side.TorchTraining(
                self._model(params), batch, self._config, compiled=name == COMPILED
            )
            self.report["first_seconds"][name] = training.first_seconds
            self.report["peak_bytes"][name] = training.peak_bytes
            return Subject(name, training.run)

        return self._each("training", start)

    def predictions(self, params: Mapping[str, Any], lr: np.ndarray) -> list[Subject]:
        """Predictions from the image `lr`, (1, H, W, C); one of each is made."""
        self._side.set_precision(self.report["prediction_tf32"])

        def start(name: str) -> Subject:
            predict = self._side.prediction(self._model(params), lr, compiled=name == COMPILED)
            predict(1)
            return Subject(name, predict)

        return self._each("prediction", start)

    def _model(self, params: Mapping[str, Any]) -> Any:
        return self._side.TorchModel(self._network, params)

    def _each(self, part: str, start: Callable[[str], Subject]) -> list[Subject]:
        subjects = [start(EAGER)]
        try:
            subjects.append(start(COMPILED))
        except Exception as error:
            # Of whatever kind: it wants a C++ compiler, or Triton, and says so in many ways.
            first_line = str(error).strip().partition("\n")[0]
            self.report["failures"][part] = f"{type(error).__name__}: {first_line}"
        return subjects


class Host:
    """Holds a `Torch` and what it is to run, in the process of PyTorch."""

    def __init__(self):
        self._runs: dict[tuple[str, str], Callable[[int], None]] = {}

    def open(self, config: Mapping[str, Any]) -> None:
        """Makes the `Torch` of a config."""
        self._torch = Torch(config, build_task(config))

    def prepare(self, part: str, *arguments: Any) -> list[str]:
        """Keeps the subjects of `trainings` or `predictions`; returns their names."""
        subjects = getattr(self._torch, part)(*arguments)
        self._runs |= {(part, subject.name): subject.run for subject in subjects}
        return [subject.name for subject in subjects]

    def run(self, part: str, name: str, calls: int) -> None:
        """Runs one of them so many times."""
        self._runs[part, name](calls)

    def found(self) -> dict[str, Any]:
        """See `Torch.report`."""
        return self._torch.report


class _Process(BaseManager):
    pass


_Process.register("Host", Host)


class Elsewhere:
    """A `Torch` in another process; a subject's time includes the word sent there and back.

    Args:
      host: proxy of a `Host`.
    """

    def __init__(self, host: Any):
        self._host = host

    @property
    def report(self) -> dict[str, Any]:
        """See `Torch`."""
        return self._host.found()

    def trainings(self, *arguments: Any) -> list[Subject]:
        """See `Torch.trainings`."""
        return self._prepare("trainings", arguments)

    def predictions(self, *arguments: Any) -> list[Subject]:
        """See `Torch.predictions`."""
        return self._prepare("predictions", arguments)

    def _prepare(self, part: str, arguments: tuple) -> list[Subject]:
        names = self._host.prepare(part, *arguments)
        return [Subject(name, partial(self._host.run, part, name)) for name in names]


@contextmanager
def in_another_process(config: Mapping[str, Any]) -> Iterator[Elsewhere]:
    """Opens the `Torch` of a config in a process of its own, which ends with the block.

    There neither side's threads wait for those of the other.

    Raises:
      ValueError: as `Torch`.
    """
    if find_spec("torch") is None:
        raise ValueError(_MISSING)
    # Spawned: a fork would copy JAX without its threads.
    with _Process(ctx=multiprocessing.get_context("spawn")) as process:
        host = process.Host()
        host.open(plain(config))
        yield Elsewhere(host)
