"""What tasks share that train one network to make hyperspectral cubes."""

from collections.abc import Mapping
from typing import Any, ClassVar

import flax.linen as nn
import jax
import jax.numpy as jnp

from train.config.registry import look_up
from train.data.fields import Fields, cubes_of
from train.tasks.restoration import LOSSES
from train.tasks.supervised import Supervised


class OfCubes(Supervised):
    """A `Supervised` task whose targets are cubes of the data.

    Args:
      network: takes what one of `serve` names.
      optimizer: config section, see `train.state.optimizers.make_optimizer`.
      steps: length of the training.
      bands: of the cubes that are trained on.
      loss: a name of `train.tasks.restoration.LOSSES`.
      accumulate: parts a batch is cut into, see `train.state.update.update`.
      ema_decay: of the moving averages; 0 keeps none.

    Attributes:
      serve: what networks that serve take, each with words for it.

    Raises:
      ValueError: a network of something else, or an unknown loss.
    """

    serve: ClassVar[Mapping[tuple[str, ...], str]]

    def __init__(
        self,
        network: nn.Module,
        optimizer: Mapping[str, Any],
        steps: int,
        bands: int,
        loss: str,
        accumulate: int,
        ema_decay: float,
    ):
        if network.takes not in self.serve:
            raise ValueError(
                f"model.name: {type(network).__name__} takes {', '.join(network.takes)}; the task "
                f"wants a network of {', or of '.join(self.serve.values())}"
            )
        function = look_up(LOSSES, loss, "task.loss")
        super().__init__(network, optimizer, steps, function, accumulate, ema_decay)
        self.bands = bands

    @property
    def learns(self) -> Fields:
        """Cubes of so many bands."""
        return {"image": cubes_of(self.bands)}

    @property
    def gives(self) -> Fields:
        """The same."""
        return self.learns


def made_of(network: nn.Module, variables: Any, images: jax.Array) -> jax.Array:
    """The cubes (N, H, W, bands), float32, that a network makes of images or of cubes."""
    return network.apply(variables, images).astype(jnp.float32)
