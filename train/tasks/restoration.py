"""What tasks share that train one network to restore images of grey or colour."""

from collections.abc import Callable
from typing import Any, ClassVar

import flax.linen as nn
import jax
import jax.numpy as jnp

from imaging_jax import losses
from imaging_jax.models.classification import Classifier
from imaging_jax.models.generative import Autoencoder
from imaging_jax.transforms import luminance
from train.config.registry import look_up
from train.data.fields import PICTURE, Fields, picture
from train.tasks.supervised import Supervised

LOSSES = {
    "charbonnier": losses.charbonnier,
    "l1": losses.l1,
    "mrae": losses.mrae,
    "mse": losses.mse,
    "negative_psnr": losses.negative_psnr,
    "rmse": losses.rmse,
    "sum_of_squares_half": losses.sum_of_squares_half,
}
# Of the network: colours, BT.601 luminance of colours, or images that are grey.
CHANNELS = {"rgb": 3, "y": 1, "grey": 1}


class Restoration(Supervised):
    """A `Supervised` task on patches of colour, or of grey.

    Args:
      network: has `channels` channels.
      optimizer: config section, see `train.state.optimizers.make_optimizer`.
      steps: length of the training.
      colour: "rgb", "y" for BT.601 luminance of colours alone, or "grey" for data that are grey.
      loss: a name of LOSSES.
      accumulate: parts a batch is cut into, see `train.state.update.update`.
      ema_decay: of the moving averages; 0 keeps none.

    Raises:
      ValueError: an unknown name.
    """

    takes: ClassVar[Fields] = {"image": PICTURE}
    gives: ClassVar[Fields] = {"image": PICTURE}

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
        whole = isinstance(network, Autoencoder | Classifier)
        if whole or not {*network.takes} <= {"image", "upsampled", "sigma", "data_step"}:
            raise ValueError(f"model.name: {type(network).__name__} restores no images")
        self.channels = look_up(CHANNELS, colour, "task.colour")
        self.colour = colour
        of_pair = look_up(LOSSES, loss, "task.loss")

        def of_centre(prediction: jax.Array, target: jax.Array) -> jax.Array:
            return of_pair(prediction, _centre(target, prediction.shape))

        super().__init__(network, optimizer, steps, of_centre, accumulate, ema_decay)

    @property
    def learns(self) -> Fields:
        """Images, grey ones where the colour is "grey"."""
        return {"image": picture(1 if self.colour == "grey" else 3)}

    def seen(self, images: jax.Array) -> jax.Array:
        """What the network sees of images of the data: all of them, or luminance."""
        return luminance(images) if self.colour == "y" else images

    @staticmethod
    def network_values(section: dict[str, Any]) -> dict[str, Any]:
        """What the config's section `task` says of the network's fields."""
        return {"channels": look_up(CHANNELS, section.get("colour", "rgb"), "task.colour")}


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
