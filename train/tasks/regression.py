"""Numbers told of series or of features: one network, squared error."""

from collections.abc import Mapping
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from imaging_jax.losses import mse
from train.data.fields import Field, Fields
from train.tasks.supervised import NETWORK, Supervised

# What networks of numbers are given, by its name: so many numbers a step, or a place.
_GIVEN = {
    "series": lambda channels: Field((None, channels), "float32", "series"),
    "features": lambda channels: Field((channels,), "float32", "figure"),
}


class Regression(Supervised):
    """Trains a network on numbers that are wanted of each item.

    Args:
      network: series (N, T, channels) or features (N, channels) -> (N, outputs), as its `takes`
        says; in the units of what is wanted.
      optimizer: config section, see `train.state.optimizers.make_optimizer`.
      steps: length of the training.
      accumulate: parts a batch is cut into, see `train.state.update.update`.
      ema_decay: of the moving averages; 0 keeps none.

    Raises:
      ValueError: a network of something else.
    """

    def __init__(
        self,
        network: nn.Module,
        optimizer: Mapping[str, Any],
        steps: int,
        accumulate: int = 1,
        ema_decay: float = 0.0,
    ):
        given = getattr(network, "takes", ())
        if len(given) != 1 or given[0] not in _GIVEN:
            raise ValueError(
                f"task.name=regression: {type(network).__name__} tells no numbers of "
                f"{' or '.join(_GIVEN)}"
            )
        super().__init__(network, optimizer, steps, mse, accumulate, ema_decay)
        self._given = given[0]

    @property
    def takes(self) -> Fields:
        """Series or features."""
        return {self._given: _GIVEN[self._given](self.network.channels)}

    @property
    def gives(self) -> Fields:
        """The numbers."""
        return {"value": Field((self.network.outputs,), "float32", "figure")}

    @property
    def learns(self) -> Fields:
        """Series or features, and the numbers that are wanted."""
        return {**self.takes, "target": self.gives["value"]}

    def example(self, data: Mapping[str, Any]) -> dict[str, jax.ShapeDtypeStruct]:
        """As `Task.example`; series are as long as the config's `data.length`."""
        return super().example({**data, "patch_size": data.get("length")})

    def pair(self, key: jax.Array, batch: dict[str, jax.Array]) -> tuple[tuple, jax.Array]:
        """Series or features, and the numbers."""
        del key
        return (batch[self._given],), batch["target"]

    def apply(self, variables: dict, inputs: dict) -> dict[str, jax.Array]:
        """Tells numbers (N, outputs)."""
        value = self.network.apply(variables[NETWORK], inputs[self._given])
        return {"value": value.astype(jnp.float32)}
