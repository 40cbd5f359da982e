"""What tasks share that train one network on pairs made inside the step."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, ClassVar

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax import losses
from imaging_jax.models import MODELS
from train.config.registry import build, call, look_up
from train.config.settings import TrainSettings
from train.state import train_state as states
from train.state.devices import data_mesh, replicated, share_out
from train.state.optimizers import make_optimizer
from train.state.stage import Stage
from train.state.supervised import supervised_step

NETWORK = "network"
LOSSES = {
    "charbonnier": losses.charbonnier,
    "l1": losses.l1,
    "mse": losses.mse,
    "negative_psnr": losses.negative_psnr,
    "sum_of_squares_half": losses.sum_of_squares_half,
}
CHANNELS = {"rgb": 3, "y": 1}


class Supervised(ABC):
    """One network, one loss, one stage with one step function.

    A task of this kind says how a batch becomes a pair, and how the network is applied to images
    of any number of channels.

    Args:
      network: has `channels` channels.
      optimizer: config section, see `train.state.optimizers.make_optimizer`.
      steps: length of the training.
      colour: "rgb", or "y" for BT.601 luminance alone.
      loss: "charbonnier", "l1", "mse", "negative_psnr" or "sum_of_squares_half".
      accumulate: see `train.state.supervised.supervised_step`.
      ema_decay: see `train.state.supervised.supervised_step`.

    Raises:
      ValueError: an unknown name.
    """

    # What its predictions are told, as `train.scoring.protocols` counts it: "scale" or "sigma".
    condition: ClassVar[str]
    predicts: ClassVar[str] = NETWORK
    review: ClassVar[str] = "restoration"

    def __init__(
        self,
        network: nn.Module,
        optimizer: dict[str, Any],
        steps: int,
        colour: str,
        loss: str,
        accumulate: int,
        ema_decay: float,
    ):
        self.network = network
        self.steps = steps
        self.channels = look_up(CHANNELS, colour, "task.colour")
        self.loss = look_up(LOSSES, loss, "task.loss")
        self.accumulate = accumulate
        self.ema_decay = ema_decay
        self.optimizer, self.schedule = make_optimizer(optimizer, steps)

    @classmethod
    def from_config(cls, config: Mapping[str, Any], settings: TrainSettings) -> "Supervised":
        """Builds network, optimizer and task out of a config's sections."""
        section = dict(config["task"])
        network = build(MODELS, config["model"], "model", **cls.network_values(section))
        section.pop("name")
        return call(
            cls,
            section,
            "task",
            network=network,
            optimizer=config["optimizer"],
            steps=settings.steps,
            accumulate=settings.accumulate,
            ema_decay=settings.ema_decay,
        )

    @staticmethod
    def network_values(section: dict[str, Any]) -> dict[str, Any]:
        """What the config's section `task` says of the network's fields."""
        return {"channels": look_up(CHANNELS, section.get("colour", "rgb"), "task.colour")}

    @property
    @abstractmethod
    def serves(self) -> tuple[int, ...]:
        """Conditions that predictions can be asked for; empty where any."""

    @abstractmethod
    def pair(self, key: jax.Array, batch: dict[str, jax.Array]) -> tuple[tuple, jax.Array]:
        """Makes the network's arguments, images first, and the target out of a batch."""

    @abstractmethod
    def restore(self, variables: Any, inputs: jax.Array, condition: int) -> jax.Array:
        """Applies the network to images (N, h, w, 1 or 3), without clipping; differentiable."""

    @property
    def stages(self) -> list[Stage]:
        """One stage with one step function."""
        step = supervised_step(
            self._loss,
            self.optimizer,
            self.schedule,
            accumulate=self.accumulate,
            ema_decay=self.ema_decay,
        )
        return [Stage("train", self.steps, self._init, (step,))]

    def learning_rates(self, step: int) -> dict[str, float]:
        """The rate of the update after so many steps."""
        return {NETWORK: float(self.schedule(step))}

    def example(self, data: Mapping[str, Any]) -> dict[str, jax.ShapeDtypeStruct]:
        """A batch as shapes, of a config's section `data`: colour patches."""
        shape = (data["batch_size"], data["patch_size"], data["patch_size"], 3)
        return {"image": jax.ShapeDtypeStruct(shape, np.float32)}

    def check_data(self, data: Any) -> None:
        """Raises a ValueError where a batch can't be cut into the parts accumulated."""
        if not hasattr(data, "patch_size"):
            raise ValueError("data.name: wanted images cut into patches, such as dead_leaves")
        if data.patch_size < 1:
            raise ValueError(f"data.patch_size={data.patch_size}: wanted at least 1")
        if data.batch_size % self.accumulate:
            raise ValueError(
                f"data.batch_size={data.batch_size} isn't a multiple of "
                f"train.accumulate={self.accumulate}"
            )

    def predict(
        self, train_state: states.TrainState, inputs: np.ndarray, condition: int
    ) -> jax.Array:
        """Restores images (N, h, w, 1 or 3); the answer, in [0, 1], lies on every device."""
        return self._compiled(train_state.variables(NETWORK), inputs, condition)

    @cached_property
    def _compiled(self) -> Callable:
        return compiled(self.restore)

    def _init(self, key, example, previous) -> states.TrainState:
        del previous
        arguments, _ = jax.eval_shape(self.pair, key, example)
        zeros = jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), arguments)
        variables = dict(self.network.init(key, *zeros))
        params = {NETWORK: variables.pop("params")}
        return states.create(
            key,
            params,
            {NETWORK: variables} if variables else {},
            {"main": self.optimizer.init(params)},
            averaged=(NETWORK,) if self.ema_decay else (),
        )

    def _loss(self, params, collections, key, batch) -> tuple[jax.Array, dict]:
        degradation_key, dropout_key = jax.random.split(key)
        arguments, target = self.pair(degradation_key, batch)
        variables = {"params": params[NETWORK], **collections.get(NETWORK, {})}
        prediction, updated = self.network.apply(
            variables,
            *arguments,
            train=True,
            mutable=list(collections.get(NETWORK, {})),
            rngs={"dropout": dropout_key},
        )
        target = _centre(target, prediction.shape)
        value = self.loss(prediction.astype(jnp.float32), target)
        return value, {NETWORK: updated} if collections else {}


def compiled(restore: Callable) -> Callable:
    """Compiles a `Supervised.restore`: (variables, images on the host, condition) -> [0, 1].

    The images are shared out among the devices. Convolutions take the highest precision, where
    GPUs would otherwise round to TF32 and lose the papers' last digit, unless the network says
    another.
    """
    mesh = data_mesh()

    def clipped(variables, inputs, condition):
        return jnp.clip(restore(variables, inputs, condition), 0.0, 1.0)

    program = jax.jit(clipped, static_argnums=2, out_shardings=replicated(mesh))

    def apply(variables, inputs: np.ndarray, condition: int) -> jax.Array:
        with jax.default_matmul_precision("highest"):
            return program(variables, share_out(np.asarray(inputs, np.float32), mesh), condition)

    return apply


def by_channels(apply: Callable, images: jax.Array, channels: int) -> jax.Array:
    """Applies a function of images of `channels` channels, 1 or 3, to images of 1 or 3.

    Colours go one after the other to a function of grey images; a grey image goes as three equal
    channels to one of colours.
    """
    if channels == 1 and images.shape[-1] == 3:
        parts = jnp.split(images, 3, axis=-1)
        return jnp.concatenate([apply(part) for part in parts], axis=-1)
    if channels == 3 and images.shape[-1] == 1:
        return jnp.mean(apply(jnp.repeat(images, 3, axis=-1)), axis=-1, keepdims=True)
    return apply(images)


def _centre(image: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    # A network without padding returns less than it was given.
    top, left = ((image.shape[a] - shape[a]) // 2 for a in (-3, -2))
    return image[..., top : top + shape[-3], left : left + shape[-2], :]
