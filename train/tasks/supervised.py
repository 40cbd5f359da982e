"""What tasks share that train one network on pairs made inside the step."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import flax.linen as nn
import jax
import jax.numpy as jnp

from imaging_jax.models import MODELS
from train.config.registry import build, call
from train.config.settings import TrainSettings
from train.state import train_state as states
from train.state.networks import apply_in_training
from train.state.optimizers import make_optimizer
from train.state.stage import STEP, Stage
from train.state.update import step_function
from train.tasks.task import Task, period_of

NETWORK = "network"


class Supervised(Task):
    """One network, one loss, one stage with one step function.

    A task of this kind says how a batch becomes a pair, and what the network's output is worth.

    Args:
      network: what is trained.
      optimizer: config section, see `train.state.optimizers.make_optimizer`.
      steps: length of the training.
      loss: (predictions in float32, targets) -> scalar.
      accumulate: parts a batch is cut into, see `train.state.update.update`.
      ema_decay: of the moving averages; 0 keeps none.
    """

    exports: ClassVar[tuple[str, ...]] = (NETWORK,)

    def __init__(
        self,
        network: nn.Module,
        optimizer: Mapping[str, Any],
        steps: int,
        loss: Callable[[Any, Any], jax.Array],
        accumulate: int,
        ema_decay: float,
    ):
        self.network = network
        self.steps = steps
        self.loss = loss
        self.accumulate = accumulate
        self.ema_decay = ema_decay
        self.optimizer = make_optimizer(optimizer, steps, (NETWORK,))

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
        del section
        return {}

    @abstractmethod
    def pair(self, key: jax.Array, batch: dict[str, jax.Array]) -> tuple[tuple, Any]:
        """Makes the network's arguments and what its loss is given beside, out of a batch."""

    @property
    def period(self) -> int:
        """That of the network."""
        return period_of(self.network)

    @property
    def stages(self) -> list[Stage]:
        """One stage with one step function."""
        step = step_function(
            self._loss, (self.optimizer,), ema=self._ema, accumulate=self.accumulate
        )
        own = (self.optimizer,)
        return [Stage("train", self.steps, self._init, {STEP: step}, optimizers=own)]

    def check_data(self, data: Any) -> None:
        """As `Task.check_data`; also where a batch can't be cut into the parts accumulated."""
        super().check_data(data)
        if data.batch_size % self.accumulate:
            raise ValueError(
                f"data.batch_size={data.batch_size} isn't a multiple of "
                f"train.accumulate={self.accumulate}"
            )

    @property
    def _ema(self) -> dict[str, float]:
        return {NETWORK: self.ema_decay} if self.ema_decay else {}

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
            self.optimizer.init(params),
            averaged=tuple(self._ema),
        )

    def _loss(self, params, collections, key, batch) -> tuple[jax.Array, tuple[dict, dict]]:
        pair_key, dropout_key = jax.random.split(key)
        arguments, target = self.pair(pair_key, batch)
        variables = {"params": params[NETWORK], **collections.get(NETWORK, {})}
        prediction, updated = apply_in_training(self.network, variables, dropout_key, *arguments)
        prediction = jax.tree.map(lambda x: x.astype(jnp.float32), prediction)
        value = self.loss(prediction, target)
        return value, ({NETWORK: updated} if collections else {}, {})
