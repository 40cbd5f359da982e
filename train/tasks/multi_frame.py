"""Several frames of a place made one larger image, whose exact place isn't known."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from imaging_jax.losses import shifted_error
from imaging_jax.models.multi_frame import MultiFrameNetwork, clearest_first
from imaging_jax.operators import resize
from imaging_jax.solvers import register_frames
from train.config.registry import look_up
from train.data.fields import Field, Fields
from train.data.frame_scenes import fields_of_frames
from train.tasks.supervised import NETWORK, Supervised
from train.tasks.task import Task

ERRORS = {"squared": jnp.square, "absolute": jnp.abs}
WHOLE = "its frames are registered as a whole"
# Largest displacement that is looked for, in pixels of a frame, and its share of a side.
_REACH, _SHARE = 8, 4


class OfFrames(Task):
    """What tasks share whose network takes frames and their clear pixels.

    Attributes:
      network: a `MultiFrameNetwork`.
    """

    network: MultiFrameNetwork
    whole = WHOLE

    @property
    def takes(self) -> Fields:
        """Frames of any number and size, and their clear pixels."""
        return frames_taken(self.network)

    @property
    def gives(self) -> Fields:
        """One image."""
        return {"image": image_given(self.network)}

    @property
    def learns(self) -> Fields:
        """Frames and the image to be made of them, and which pixels of both are clear."""
        fields = fields_of_frames(None, (None, None), (None, None), self.network.channels)
        return {**fields, "image": self.gives["image"]}

    def example(self, data: Mapping[str, Any]) -> dict[str, jax.ShapeDtypeStruct]:
        """A batch of two frames as shapes, and of the images that the network makes of them."""
        size, patch = data["batch_size"], data["patch_size"]
        batch = {
            name: jax.ShapeDtypeStruct((size, 2, patch, patch, field.shape[-1]), field.dtype)
            for name, field in self.takes.items()
        }
        image, _ = jax.eval_shape(
            self.network.init_with_output, jax.random.key(0), batch["frames"], batch["clear"]
        )
        clear = jax.ShapeDtypeStruct((*image.shape[:-1], 1), image.dtype)
        return {**batch, "image": image, "image_clear": clear}


class MultiFrameSuperResolution(OfFrames, Supervised):
    """Trains a network on frames and images, of which the best of 49 shifts counts.

    The estimate's centre is compared with the windows of the image that lie up to three pixels
    away, over its clear pixels, brightness set aside.

    Args:
      network: a `MultiFrameNetwork`.
      optimizer: config section, see `train.state.optimizers.make_optimizer`.
      steps: length of the training.
      error: "squared" or "absolute".
      accumulate: parts a batch is cut into, see `train.state.update.update`.
      ema_decay: of the moving averages; 0 keeps none.

    Raises:
      ValueError: another network, or an unknown error.
    """

    def __init__(
        self,
        network: nn.Module,
        optimizer: Mapping[str, Any],
        steps: int,
        error: str = "squared",
        accumulate: int = 1,
        ema_decay: float = 0.0,
    ):
        check_frames_network(network, "model", "multi_frame_super_resolution")
        errors = partial(_mean_error, look_up(ERRORS, error, "task.error"))
        super().__init__(network, optimizer, steps, errors, accumulate, ema_decay)

    def pair(self, key: jax.Array, batch: dict[str, jax.Array]) -> tuple[tuple, Any]:
        """Frames and clear pixels, and the image with its own."""
        del key
        frames = prepared(self.network, batch["frames"], batch["clear"])
        return frames, (batch["image"], batch["image_clear"])

    def apply(self, variables: dict, inputs: dict) -> dict[str, jax.Array]:
        """Makes images (N, H, W, C) of frames (N, T, h, w, C)."""
        return {"image": lit_as_frames(self.network, variables[NETWORK], inputs)}


def frames_taken(network: MultiFrameNetwork) -> Fields:
    """Frames and clear pixels as a network's applications take them."""
    fields = fields_of_frames(None, (None, None), (None, None), network.channels)
    return {name: fields[name] for name in ("frames", "clear")}


def image_given(network: MultiFrameNetwork) -> Field:
    """The image that a network makes."""
    channels = getattr(network, "channels_out", 0) or network.channels
    return Field((None, None, channels), "float32", "image", (0.0, 1.0))


def made_of_frames(network: MultiFrameNetwork, variables: Any, inputs: Mapping) -> jax.Array:
    """Images (N, H, W, C) that a network makes of "frames" and "clear" pixels."""
    frames = prepared(network, jnp.asarray(inputs["frames"]), jnp.asarray(inputs["clear"]))
    return network.apply(variables, *frames).astype(jnp.float32)


def lit_as_frames(network: MultiFrameNetwork, variables: Any, inputs: Mapping) -> jax.Array:
    """As `made_of_frames`, as bright as the clearest frame in the mean of its clear pixels.

    What is trained by a loss that is blind to brightness has none of its own. Channels are compared
    with the first of the frames'.
    """
    image = made_of_frames(network, variables, inputs)
    given = (jnp.asarray(inputs[name]) for name in ("frames", "clear"))
    frames, clear = (x[:, 0] for x in clearest_first(*given))
    shrunk = resize(image, shape=frames.shape[1:3])
    difference = clear * (frames[..., : image.shape[-1]] - shrunk)
    count = jnp.maximum(jnp.sum(clear, axis=(1, 2), keepdims=True), 1)
    return image + jnp.sum(difference, axis=(1, 2), keepdims=True) / count


def prepared(
    network: MultiFrameNetwork, frames: jax.Array, clear: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """Frames (N, T, h, w, C) as a network takes them: the clearest first, moved upon it or not."""
    frames, clear = clearest_first(frames, clear)
    if not network.registered:
        return frames, clear
    reach = min(_REACH, min(frames.shape[2:4]) // _SHARE)
    return register_frames(frames, clear, reach=reach)


def check_frames_network(network: nn.Module, key: str, task: str) -> None:
    """Raises a ValueError where a network takes no frames."""
    if not isinstance(network, MultiFrameNetwork):
        raise ValueError(
            f"{key}: {type(network).__name__} takes no frames and their clear pixels; "
            f"task.name={task} wants one that does"
        )


def _mean_error(error, prediction, target):
    image, clear = target
    return jnp.mean(shifted_error(image, prediction, clear, error))
