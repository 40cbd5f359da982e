"""PyTorch as the opponent: imported when asked for, and its failures told instead of raised."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.machine import allows_tf32
from benchmarks.timing import Subject

EAGER, COMPILED = "torch eager", "torch.compile"


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
            raise ValueError("--against=torch: PyTorch isn't installed here") from None
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
