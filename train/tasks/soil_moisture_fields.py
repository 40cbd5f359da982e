"""Maps of soil moisture learnt from a few stations and from coarse estimates."""

from collections.abc import Mapping
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from imaging_jax.losses import mse
from imaging_jax.operators import block_means
from imaging_jax.synthesis import BLOCK
from train.data.fields import Field, Fields
from train.data.soil_moisture import fields_of_areas
from train.tasks.supervised import NETWORK, Supervised


class SoilMoistureFields(Supervised):
    """Trains a network of maps without a map of what is wanted.

    The loss is the squared error at stations, and that of the means over blocks against coarse
    estimates (Tsagkatakis, Moghaddam, Tsakalides, IGARSS 2024).

    Args:
      network: maps of features (N, H, W, C) -> moisture (N, H, W, 1).
      optimizer: config section, see `train.state.optimizers.make_optimizer`.
      steps: length of the training.
      coarse_weight: of the second term.
      accumulate: parts a batch is cut into, see `train.state.update.update`.
      ema_decay: of the moving averages; 0 keeps none.

    Raises:
      ValueError: a network of something else, or a weight below 0.
    """

    period = BLOCK

    def __init__(
        self,
        network: nn.Module,
        optimizer: Mapping[str, Any],
        steps: int,
        coarse_weight: float = 1.0,
        accumulate: int = 1,
        ema_decay: float = 0.0,
    ):
        if network.takes != ("feature_maps",):
            raise ValueError(
                f"task.name=soil_moisture_fields: {type(network).__name__} takes "
                f"{', '.join(network.takes)}, no feature_maps"
            )
        if coarse_weight < 0:
            raise ValueError(f"task.coarse_weight={coarse_weight}: wanted at least 0")

        def loss(moisture: jax.Array, known: dict[str, jax.Array]) -> jax.Array:
            error = jnp.where(known["stations"], moisture - known["target"], 0)
            at_stations = jnp.sum(error**2) / jnp.maximum(jnp.sum(known["stations"]), 1)
            return at_stations + coarse_weight * mse(block_means(moisture, BLOCK), known["coarse"])

        super().__init__(network, optimizer, steps, loss, accumulate, ema_decay)

    @property
    def takes(self) -> Fields:
        """Maps of features."""
        return {"feature_maps": Field((None, None, self.network.channels), "float32", "cube")}

    @property
    def gives(self) -> Fields:
        """Maps of moisture."""
        return {"value": Field((None, None, 1), "float32", "image")}

    @property
    def learns(self) -> Fields:
        """Maps of features, moisture at stations, where these are, and coarse estimates."""
        return {**fields_of_areas(None), **self.takes}

    def example(self, data: Mapping[str, Any]) -> dict[str, jax.ShapeDtypeStruct]:
        """As `Task.example`; estimates have a number a block."""
        shapes = super().example(data)
        side = data["patch_size"] // BLOCK
        coarse = jax.ShapeDtypeStruct((data["batch_size"], side, side, 1), "float32")
        return {**shapes, "coarse": coarse}

    def pair(self, key: jax.Array, batch: dict[str, jax.Array]) -> tuple[tuple, dict]:
        """Maps of features, and all that is known."""
        del key
        return (batch["feature_maps"],), batch

    def apply(self, variables: dict, inputs: dict) -> dict[str, jax.Array]:
        """Tells the moisture (N, H, W, 1)."""
        value = self.network.apply(variables[NETWORK], inputs["feature_maps"])
        return {"value": value.astype(jnp.float32)}
