"""Fields of climate enlarged with the help of terrain."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from imaging_jax.losses import mse, weighted_rain_mae
from imaging_jax.operators import block_means
from imaging_jax.synthesis import Quantity
from train.data.climate_scenes import check_scenes, field_of, fields_of_scenes, terrain_of
from train.data.fields import Fields
from train.tasks.supervised import NETWORK, Supervised

# Of temperature on Earth, in K.
_MEAN, _DEVIATION = 283.0, 15.0


@dataclass(frozen=True)
class Units:
    """How a quantity is shown to networks, and by what they are judged there.

    Attributes:
      to: physical values -> the network's.
      back: the inverse.
      loss: of the network's values.
    """

    to: Callable[[jax.Array], jax.Array]
    back: Callable[[jax.Array], jax.Array]
    loss: Callable[[jax.Array, jax.Array], jax.Array]


UNITS: Mapping[Quantity, Units] = {
    "precipitation": Units(jnp.log1p, jnp.expm1, weighted_rain_mae),
    "temperature": Units(lambda x: (x - _MEAN) / _DEVIATION, lambda x: _MEAN + _DEVIATION * x, mse),
}


class Downscaling(Supervised):
    """Trains `network` to make fine fields of coarse ones and fine terrain.

    Args:
      network: (coarse (N, H, W, 1), terrain (N, scale·H, scale·W, 1)) -> (N, scale·H, scale·W, 1).
      optimizer: config section, see `train.state.optimizers.make_optimizer`.
      steps: length of the training.
      scale: of the fine field to the coarse one.
      quantity: "temperature", standardised and learnt by squared error, or "precipitation",
        log(1 + x), by `imaging_jax.losses.weighted_rain_mae`.
      accumulate: parts a batch is cut into, see `train.state.update.update`.
      ema_decay: of the moving averages; 0 keeps none.

    Raises:
      ValueError: a network of something else, or a scale below 1.
    """

    def __init__(
        self,
        network: nn.Module,
        optimizer: Mapping[str, Any],
        steps: int,
        scale: int,
        quantity: Quantity,
        accumulate: int = 1,
        ema_decay: float = 0.0,
    ):
        if network.takes != ("coarse", "terrain"):
            raise ValueError(
                f"model.name: {type(network).__name__} takes {', '.join(network.takes)}; the task "
                "wants a network of coarse, terrain"
            )
        if scale < 1:
            raise ValueError(f"task.scale={scale}: wanted at least 1")
        self.units = UNITS[quantity]
        super().__init__(network, optimizer, steps, self.units.loss, accumulate, ema_decay)
        self.scale = scale
        self.quantity = quantity

    @staticmethod
    def network_values(section: dict[str, Any]) -> dict[str, Any]:
        """The scale is the task's."""
        return {"scale": section.get("scale")}

    @property
    def learns(self) -> Fields:
        """Terrain, and the field over it."""
        return fields_of_scenes(self.quantity)

    @property
    def takes(self) -> Fields:
        """The coarse field, and terrain."""
        return {"coarse": field_of(self.quantity), "terrain": terrain_of()}

    @property
    def gives(self) -> Fields:
        """The fine field."""
        return {"field": field_of(self.quantity)}

    @property
    def options(self) -> Mapping[str, tuple]:
        """The scale that the network was made for."""
        return {"scale": (self.scale,)}

    def check_data(self, data: Any) -> None:
        """As `Supervised.check_data`; also of another quantity, or a size that isn't a multiple."""
        super().check_data(data)
        check_scenes(data.fields, self.learns, self.scale, "data", "the task")

    def pair(self, key: jax.Array, batch: dict[str, jax.Array]) -> tuple[tuple, jax.Array]:
        """The field's block means and the terrain, and the field, in the network's units."""
        del key
        coarse = self.units.to(block_means(batch["field"], self.scale))
        return (coarse, batch["terrain"]), self.units.to(batch["field"])

    def apply(self, variables: dict, inputs: dict, scale: int) -> dict[str, jax.Array]:
        """Makes fine fields in physical units."""
        del scale
        coarse = self.units.to(inputs["coarse"])
        fine = self.network.apply(variables[NETWORK], coarse, inputs["terrain"])
        return {"field": self.units.back(fine.astype(jnp.float32))}
