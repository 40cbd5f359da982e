"""What tasks share that train one network to give back images of its own shape."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import flax.linen as nn
import jax
import jax.numpy as jnp

from imaging_jax.models import MODELS
from train.config.registry import build, call
from train.config.settings import TrainSettings
from train.data import example_of
from train.state import train_state as states
from train.state.devices import data_mesh
from train.state.optimizers import make_optimizer
from train.state.supervised import supervised_step
from train.state.train_state import TrainState

AUTOENCODER = "autoencoder"


class Reproducing:
    """What tasks share that train one network to give back images of its own shape."""

    predicts: ClassVar[str] = AUTOENCODER
    review: ClassVar[str] = "reconstruction"

    def __init__(self, network: nn.Module, optimizer: Mapping[str, Any], steps: int):
        self.network = network
        self.steps = steps
        self.optimizer_section = optimizer
        self.optimizer, self.schedule = make_optimizer(optimizer, steps)

    @classmethod
    def from_config(cls, config: Mapping[str, Any], settings: TrainSettings) -> "Reproducing":
        """Builds network, optimizer and task out of a config's sections."""
        for name, wanted in (("accumulate", 1), ("ema_decay", 0.0)):
            if getattr(settings, name) != wanted:
                raise ValueError(f"train.{name}: this task takes {wanted}")
        network = build(MODELS, config["model"], "model")
        section = {key: value for key, value in config["task"].items() if key != "name"}
        given = {"optimizer": config["optimizer"], "steps": settings.steps}
        return call(cls, section, "task", network=network, **given)

    def learning_rates(self, step: int) -> dict[str, float]:
        """The rate of the update after so many steps."""
        return {AUTOENCODER: float(self.schedule(step))}

    def example(self, data: Mapping[str, Any]) -> dict[str, jax.ShapeDtypeStruct]:
        """A batch as shapes: what the network takes."""
        shape = (data["batch_size"], *self.network.image_shape)
        return {"image": jax.ShapeDtypeStruct(shape, jnp.float32)}

    def check_data(self, data: Any) -> None:
        """Raises a ValueError where the data's images aren't those of the network."""
        shape = example_of(data, data_mesh())["image"].shape[1:]
        if shape != self.network.image_shape:
            raise ValueError(
                f"data gives images of {shape}, model takes {self.network.image_shape}"
            )

    def _init(self, key, example, previous) -> TrainState:
        del previous
        arguments = (key,) if getattr(self.network, "takes_key", False) else ()
        image = jnp.zeros(example["image"].shape)
        params = {AUTOENCODER: self.network.init(key, image, *arguments)["params"]}
        return states.create(key, params, {}, {"main": self.optimizer.init(params)})

    def _step(self, loss: Callable, optimizer: Any, schedule: Callable) -> Callable:
        def without_collections(params, collections, key, batch):
            return loss(params[AUTOENCODER], key, batch["image"]), collections

        return supervised_step(without_collections, optimizer, schedule)

    def _apply(self, params, *arguments, method=None):
        return self.network.apply({"params": params}, *arguments, method=method)
