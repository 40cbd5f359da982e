"""What tasks share that train one network to give back images through a code."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import flax.linen as nn
import jax.numpy as jnp

from imaging_jax.models import MODELS
from train.config.registry import build, call
from train.config.settings import TrainSettings
from train.data.fields import Field, Fields
from train.state import train_state as states
from train.state.optimizers import Optimizer, make_optimizer
from train.state.train_state import TrainState
from train.state.update import step_function
from train.tasks.task import Task

AUTOENCODER = "autoencoder"


class AutoencoderTask(Task):
    """One network that gives back images of its own shape.

    Args:
      network: has `image_shape`.
      optimizer: config section, see `train.state.optimizers.make_optimizer`.
      steps: length of the training.
    """

    exports: ClassVar[tuple[str, ...]] = (AUTOENCODER,)

    def __init__(self, network: nn.Module, optimizer: Mapping[str, Any], steps: int):
        self.network = network
        self.steps = steps
        self.optimizer_section = optimizer
        self.optimizer = self._optimizer(steps)

    @classmethod
    def from_config(cls, config: Mapping[str, Any], settings: TrainSettings) -> "AutoencoderTask":
        """Builds network, optimizer and task out of a config's sections."""
        for name, wanted in (("accumulate", 1), ("ema_decay", 0.0)):
            if getattr(settings, name) != wanted:
                raise ValueError(f"train.{name}: this task takes {wanted}")
        network = build(MODELS, config["model"], "model")
        section = {key: value for key, value in config["task"].items() if key != "name"}
        given = {"optimizer": config["optimizer"], "steps": settings.steps}
        return call(cls, section, "task", network=network, **given)

    @property
    def image(self) -> Field:
        """The field of images taken and given."""
        return Field(self.network.image_shape, "float32", "image", (0.0, 1.0))

    @property
    def takes(self) -> Fields:
        """Images."""
        return {"image": self.image}

    @property
    def learns(self) -> Fields:
        """Images."""
        return {"image": self.image}

    def _optimizer(self, steps: int, **values: Any) -> Optimizer:
        return make_optimizer(self.optimizer_section, steps, (AUTOENCODER,), **values)

    def _init(self, key, example, previous) -> TrainState:
        del previous
        known = {"image": jnp.zeros(example["image"].shape), "key": key}
        arguments = [known[name] for name in self.network.takes]
        params = {AUTOENCODER: self.network.init(key, *arguments)["params"]}
        return states.create(key, params, {}, self.optimizer.init(params))

    def _step(self, loss: Callable, optimizer: Optimizer) -> Callable:
        """The step function of a loss (parameters, key, images) -> value."""

        def of_state(params, collections, key, batch):
            del collections
            return loss(params[AUTOENCODER], key, batch["image"]), ({}, {})

        return step_function(of_state, (optimizer,))

    def _apply(self, params, *arguments, method=None):
        return self.network.apply({"params": params}, *arguments, method=method)
