"""What comes next in time: one network that predicts how far it will be from what is usual."""

from collections.abc import Mapping
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from imaging_jax.losses import mse
from imaging_jax.models.forecasting import Forecaster
from train.data.fields import Field, Fields
from train.tasks.supervised import NETWORK, Supervised


class Forecasting(Supervised):
    """Trains a forecaster on anomalies, by squared error.

    The network is given images less the climatology, over the anomalies' deviation, and its
    prediction is turned back.

    Args:
      network: histories (N, T, H, W, C) -> images (N, H, W, C).
      optimizer: config section, see `train.state.optimizers.make_optimizer`.
      steps: length of the training.
      history: steps that are seen.
      horizon: steps from the last of them to the one that is predicted.
      accumulate: parts a batch is cut into, see `train.state.update.update`.
      ema_decay: of the moving averages; 0 keeps none.

    Raises:
      ValueError: a network that is no forecaster, or a history or horizon below 1.
    """

    whole = "a forecast is made of whole series"

    def __init__(
        self,
        network: nn.Module,
        optimizer: Mapping[str, Any],
        steps: int,
        history: int,
        horizon: int,
        accumulate: int = 1,
        ema_decay: float = 0.0,
    ):
        if not isinstance(network, Forecaster):
            raise ValueError(f"task.name=forecasting: {type(network).__name__} is no forecaster")
        for name, value in (("history", history), ("horizon", horizon)):
            if value < 1:
                raise ValueError(f"task.{name}={value}: wanted at least 1")
        super().__init__(network, optimizer, steps, mse, accumulate, ema_decay)
        self.history = history
        self.horizon = horizon

    @property
    def takes(self) -> Fields:
        """The history, the climatology of its steps and the target's, the anomalies' deviation."""
        shape = self.network.frame_shape
        return {
            "history": Field((self.history, *shape), "float32", "frames"),
            "climatology": Field((self.history + 1, *shape), "float32", "frames"),
            "deviation": Field((), "float32", "figure"),
        }

    @property
    def gives(self) -> Fields:
        """The image that is predicted."""
        return {"frame": Field(self.network.frame_shape, "float32", "image")}

    @property
    def learns(self) -> Fields:
        """These, and the image that came."""
        return {**self.takes, "target": self.gives["frame"]}

    @property
    def options(self) -> Mapping[str, tuple]:
        """The horizon that the network is trained for."""
        return {"horizon": (self.horizon,)}

    def check_data(self, data: Any) -> None:
        """As `Supervised.check_data`; also where the data have another horizon."""
        super().check_data(data)
        if data.horizon != self.horizon:
            raise ValueError(f"data.horizon={data.horizon}: wanted task.horizon={self.horizon}")

    def pair(self, key: jax.Array, batch: dict[str, jax.Array]) -> tuple[tuple, jax.Array]:
        """Anomalies of the history and of the target, over their deviation."""
        del key
        anomaly = batch["target"] - batch["climatology"][:, -1]
        return (_anomalies(batch),), anomaly / _deviation(batch)

    def apply(self, variables: dict, inputs: dict, horizon: int) -> dict[str, jax.Array]:
        """Predicts images (N, H, W, C), in the units of the history."""
        del horizon
        anomaly = self.network.apply(variables[NETWORK], _anomalies(inputs)).astype(jnp.float32)
        return {"frame": inputs["climatology"][:, -1] + _deviation(inputs) * anomaly}


def _anomalies(inputs):
    difference = inputs["history"] - inputs["climatology"][:, :-1]
    return difference / _deviation(inputs)[:, None]


def _deviation(inputs):
    # A series that never leaves its climatology has none.
    return jnp.maximum(inputs["deviation"], 1e-12)[:, None, None, None]
