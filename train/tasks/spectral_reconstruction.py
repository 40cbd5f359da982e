"""Reconstruction of spectra: hyperspectral cubes of colour images."""

from collections.abc import Mapping
from typing import Any, ClassVar

import flax.linen as nn
import jax
import jax.numpy as jnp

from train.config.registry import look_up
from train.data.fields import Fields, cubes_of, picture
from train.data.spectral_response import colour_image
from train.tasks.restoration import LOSSES
from train.tasks.supervised import NETWORK, Supervised


class SpectralReconstruction(Supervised):
    """Trains `network` to make cubes of their colour images, which each step takes anew.

    Args:
      network: (images (N, H, W, 3)) -> cubes (N, H, W, bands).
      optimizer: config section, see `train.state.optimizers.make_optimizer`.
      steps: length of the training.
      bands: of the cubes.
      loss: a name of `train.tasks.restoration.LOSSES`.
      accumulate: parts a batch is cut into, see `train.state.update.update`.
      ema_decay: of the moving averages; 0 keeps none.

    Raises:
      ValueError: a network of something else, or an unknown loss.
    """

    takes: ClassVar[Fields] = {"image": picture(3)}

    def __init__(
        self,
        network: nn.Module,
        optimizer: Mapping[str, Any],
        steps: int,
        bands: int,
        loss: str = "mrae",
        accumulate: int = 1,
        ema_decay: float = 0.0,
    ):
        if network.takes != ("bands",):
            raise ValueError(
                f"model.name: {type(network).__name__} takes {', '.join(network.takes)}; the task "
                "spectral_reconstruction wants a network that makes bands of bands"
            )
        function = look_up(LOSSES, loss, "task.loss")
        super().__init__(network, optimizer, steps, function, accumulate, ema_decay)
        self.bands = bands

    @staticmethod
    def network_values(section: dict[str, Any]) -> dict[str, Any]:
        """Three bands become as many as the section says."""
        return {"bands_in": 3, "bands_out": section.get("bands")}

    @property
    def gives(self) -> Fields:
        """Cubes of so many bands."""
        return {"image": cubes_of(self.bands)}

    @property
    def learns(self) -> Fields:
        """The same."""
        return self.gives

    def pair(self, key: jax.Array, batch: dict[str, jax.Array]) -> tuple[tuple, jax.Array]:
        """The colour images of cubes, and the cubes."""
        del key
        return (colour_image(batch["image"]),), batch["image"]

    def apply(self, variables: Any, inputs: dict) -> dict[str, jax.Array]:
        """Makes cubes (N, H, W, bands) of colour images (N, H, W, 3)."""
        image = self.network.apply(variables[NETWORK], inputs["image"])
        return {"image": image.astype(jnp.float32)}
