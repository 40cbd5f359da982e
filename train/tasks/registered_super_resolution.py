"""Frames made one larger image while a second network learns where it lies."""

from collections.abc import Mapping
from typing import Any, ClassVar

import flax.linen as nn
import jax
import jax.numpy as jnp

from imaging_jax.losses import masked_bias_corrected_error
from imaging_jax.models.multi_frame import ChannelMap, ShiftNet
from imaging_jax.operators import lanczos_shift, resize
from train.config.settings import TrainSettings
from train.state import train_state as states
from train.state.networks import apply_in_training
from train.state.optimizers import make_optimizer
from train.state.stage import STEP, Stage
from train.state.train_state import TrainState
from train.state.update import step_function
from train.tasks.multi_frame import (
    OfFrames,
    check_frames_network,
    lit_as_frames,
    made_of_frames,
    prepared,
)
from train.tasks.several_networks import from_sections

NETWORK, SHIFT_NET, CHANNEL_MAP = "network", "shift_net", "channel_map"
_BORDER = 3


class RegisteredSuperResolution(OfFrames):
    """Trains a network, and one that tells how far its image lies from the wanted one.

    The loss is minus the cPSNR of the image, moved by that distance, plus a penalty on it.

    Args:
      networks: "network", a `MultiFrameNetwork`, and "shift_net", a `ShiftNet`, which sees the
        middles of both images.
      optimizers: config section "network", which moves all of them, see
        `train.state.optimizers.make_optimizer`.
      steps: length of the training.
      ema_decay: of the moving averages of the network; 0 keeps none.
      penalty: weight of the mean square of the distance, in pixels.

    Raises:
      ValueError: networks of other roles or channels.

    Source: Deudon et al., "HighRes-net: Recursive Fusion for Multi-Frame Super-Resolution of
    Satellite Imagery", 2020, section 3.2.
    """

    roles: ClassVar[tuple[str, ...]] = (NETWORK, SHIFT_NET)
    exports: ClassVar[tuple[str, ...]] = (NETWORK,)

    def __init__(
        self,
        networks: Mapping[str, nn.Module],
        optimizers: Mapping[str, Any],
        steps: int,
        ema_decay: float,
        penalty: float = 1e-6,
    ):
        self.networks = dict(networks)
        self.network, self.steps, self.penalty = networks[NETWORK], steps, penalty
        check_frames_network(self.network, f"model.{NETWORK}", "registered_super_resolution")
        shift_net, made = networks[SHIFT_NET], self.gives["image"].shape[-1]
        if not isinstance(shift_net, ShiftNet) or shift_net.channels != made:
            raise ValueError(f"model.{SHIFT_NET}: wanted a shift_net of channels={made}")
        if penalty < 0:
            raise ValueError(f"task.penalty={penalty}: wanted at least 0")
        self.ema = {name: ema_decay for name in self.exports} if ema_decay else {}
        section = optimizers[NETWORK]
        self.optimizer = make_optimizer(section, steps, self.roles, path=f"optimizer.{NETWORK}")

    @classmethod
    def from_config(cls, config: Mapping[str, Any], settings: TrainSettings) -> "OfFrames":
        """Builds networks, optimizer and task out of a config's sections."""
        return from_sections(cls, config, settings, cls.roles, (NETWORK,))

    @property
    def stages(self) -> list[Stage]:
        """One stage with one step function."""
        step = step_function(self._loss, (self.optimizer,), ema=self.ema)
        own = (self.optimizer,)
        return [Stage("train", self.steps, self._init, {STEP: step}, optimizers=own)]

    def check_data(self, data: Any) -> None:
        """As `Task.check_data`; also where images are smaller than those the shift is told by."""
        super().check_data(data)
        side, least = self.networks[SHIFT_NET].side, min(data.fields["image"].shape[:2])
        if side > least:
            raise ValueError(f"model.{SHIFT_NET}.side={side}: the data's images have {least}")

    def apply(self, variables: dict, inputs: dict) -> dict[str, jax.Array]:
        """Makes images (N, H, W, C) of frames (N, T, h, w, C)."""
        return {"image": lit_as_frames(self.network, variables[NETWORK], inputs)}

    def _init(self, key, example, previous) -> TrainState:
        del previous
        frames, clear = (jnp.zeros(example[name].shape) for name in ("frames", "clear"))
        shift_net = self.networks[SHIFT_NET]
        middle = jnp.zeros((len(frames), shift_net.side, shift_net.side, shift_net.channels))
        shown = {NETWORK: (frames, clear), SHIFT_NET: (middle, middle), CHANNEL_MAP: (middle,)}
        params, collections = {}, {}
        for index, name in enumerate(self.roles):
            own = jax.random.fold_in(key, index)
            variables = dict(self.networks[name].init(own, *shown[name]))
            params[name] = variables.pop("params")
            collections[name] = variables
        started = self.optimizer.init(params)
        return states.create(key, params, collections, started, averaged=tuple(self.ema))

    def _loss(self, params, collections, key, batch):
        image, collections = self._made(params, collections, key, batch)
        value, collections, metrics = self._registered(params, collections, key, image, batch)
        return value, (collections, metrics)

    def _made(self, params, collections, key, batch):
        frames = prepared(self.network, batch["frames"], batch["clear"])
        return self._applied(params, collections, key, NETWORK, *frames)

    def _registered(self, params, collections, key, image, batch):
        """The loss of images beside the wanted ones, collections, and what is to be logged."""
        side = self.networks[SHIFT_NET].side
        pair = (_middle(x, side) for x in (image, batch["image"]))
        shift, collections = self._applied(params, collections, key, SHIFT_NET, *pair)
        moved = jax.vmap(lanczos_shift)(image, shift)
        inside = _without_border(batch["image_clear"])
        error = masked_bias_corrected_error(batch["image"], moved, inside)
        # An image that is exact is worth no infinite gradient, one without a clear pixel nothing.
        cpsnr = -10 * jnp.log10(jnp.maximum(error, 1e-10))
        seen = jnp.any(inside > 0, axis=(1, 2, 3))
        cpsnr = jnp.sum(jnp.where(seen, cpsnr, 0)) / jnp.maximum(jnp.sum(seen), 1)
        penalty = self.penalty * jnp.mean(jnp.sum(shift**2, axis=-1))
        return penalty - cpsnr, collections, {"cpsnr": cpsnr}

    def _applied(self, params, collections, key, name, *inputs):
        variables = {"params": params[name], **collections[name]}
        own = jax.random.fold_in(key, self.roles.index(name))
        output, changed = apply_in_training(self.networks[name], variables, own, *inputs)
        return output.astype(jnp.float32), {**collections, name: changed}


class RadiometricSuperResolution(RegisteredSuperResolution):
    """As `RegisteredSuperResolution`, where another sensor took the wanted images.

    The network's image keeps the radiometry of the frames: shrunk to their size, it should be the
    clearest of them. A map of channels, trained beside, makes it look as the other sensor's.

    Args:
      networks: "network", "shift_net" and "channel_map", a `ChannelMap`.
      optimizers: as of `RegisteredSuperResolution`.
      steps: likewise.
      ema_decay: of the moving averages of network and map; 0 keeps none.
      penalty: as of `RegisteredSuperResolution`.
      consistency: weight of the squared error between the shrunk image and the clearest frame.

    Raises:
      ValueError: networks of other roles or channels, or a negative weight.

    Source: Razzak et al., "Multi-spectral multi-image super-resolution of Sentinel-2 with
    radiometric consistency losses and its effect on building delineation", ISPRS J. Photogramm.
    Remote Sens. 195, 2023, whose losses aren't published as code.
    """

    roles: ClassVar[tuple[str, ...]] = (NETWORK, SHIFT_NET, CHANNEL_MAP)
    exports: ClassVar[tuple[str, ...]] = (NETWORK, CHANNEL_MAP)

    def __init__(
        self,
        networks: Mapping[str, nn.Module],
        optimizers: Mapping[str, Any],
        steps: int,
        ema_decay: float,
        penalty: float = 1e-6,
        consistency: float = 100.0,
    ):
        super().__init__(networks, optimizers, steps, ema_decay, penalty)
        made = self.gives["image"].shape[-1]
        channel_map = networks[CHANNEL_MAP]
        if not isinstance(channel_map, ChannelMap) or channel_map.channels != made:
            raise ValueError(f"model.{CHANNEL_MAP}: wanted a channel_map of channels={made}")
        if consistency < 0:
            raise ValueError(f"task.consistency={consistency}: wanted at least 0")
        self.consistency = consistency

    def apply(self, variables: dict, inputs: dict) -> dict[str, jax.Array]:
        """Makes images (N, H, W, C) of frames (N, T, h, w, C), as the other sensor would."""
        image = made_of_frames(self.network, variables[NETWORK], inputs)
        return {"image": self.networks[CHANNEL_MAP].apply(variables[CHANNEL_MAP], image)}

    def _loss(self, params, collections, key, batch):
        own, collections = self._made(params, collections, key, batch)
        mapped, collections = self._applied(params, collections, key, CHANNEL_MAP, own)
        value, collections, metrics = self._registered(params, collections, key, mapped, batch)
        # cPSNR is blind to brightness: the map's offset is learnt by the plain error.
        clear = batch["image_clear"]
        bias = _mean_where(clear, mapped - batch["image"], (1, 2))
        brightness = jnp.mean(bias**2)
        frames, seen = (x[:, 0] for x in prepared(self.network, batch["frames"], batch["clear"]))
        first = frames[..., : own.shape[-1]]
        shrunk = resize(own, shape=first.shape[1:3])
        consistency = jnp.mean(_mean_where(seen, (shrunk - first) ** 2, (1, 2)))
        metrics |= {"consistency": consistency, "brightness": brightness}
        return value + self.consistency * (consistency + brightness), (collections, metrics)


def _mean_where(clear: jax.Array, x: jax.Array, axes: tuple[int, ...]) -> jax.Array:
    return jnp.sum(clear * x, axes) / jnp.maximum(jnp.sum(clear, axes), 1)


def _middle(x: jax.Array, side: int) -> jax.Array:
    top, left = ((length - side) // 2 for length in x.shape[1:3])
    return x[:, top : top + side, left : left + side]


def _without_border(clear: jax.Array) -> jax.Array:
    inside = jnp.zeros_like(clear).at[:, _BORDER:-_BORDER, _BORDER:-_BORDER].set(1)
    return clear * inside
