"""Single-image super-resolution: one network, one loss, pairs made inside the step."""

from collections.abc import Callable
from functools import cached_property, partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax import losses
from imaging_jax.operators import resize
from imaging_jax.transforms import luminance, rgb_to_ycbcr, ycbcr_to_rgb
from train import degradations, state
from train.devices import data_mesh, replicated, share_out
from train.optimizers import make_optimizer
from train.registry import look_up
from train.stage import Stage
from train.steps import supervised_step

NETWORK = "network"
LOSSES = {
    "charbonnier": losses.charbonnier,
    "l1": losses.l1,
    "mse": losses.mse,
    "sum_of_squares_half": losses.sum_of_squares_half,
}
CHANNELS = {"rgb": 3, "y": 1}


class SuperResolution:
    """Trains `network` to undo a degradation at one or several scales.

    Args:
      network: takes the low-resolution image, or the bicubic-upsampled one where its class says
        `upsampled_input`; has `channels` channels.
      optimizer: config section, see `train.optimizers.make_optimizer`.
      steps: length of the training.
      scales: factors; a batch is shared out equally among them.
      colour: "rgb", or "y" for BT.601 luminance alone.
      degradation: a name of `train.degradations.PRESETS`.
      loss: "charbonnier", "l1", "mse" or "sum_of_squares_half".
      accumulate: see `train.steps.supervised_step`.
      ema_decay: see `train.steps.supervised_step`.

    Raises:
      ValueError: an unknown name, or a network that serves one scale only given several.
    """

    def __init__(
        self,
        network: nn.Module,
        optimizer: dict[str, Any],
        steps: int,
        scales: tuple[int, ...],
        colour: str = "rgb",
        degradation: str = "bicubic_8bit",
        loss: str = "l1",
        accumulate: int = 1,
        ema_decay: float = 0.0,
    ):
        if not scales:
            raise ValueError("task.scales is empty; wanted factors such as (3,)")
        self.network = network
        self.steps = steps
        self.scales = tuple(scales)
        self.channels = look_up(CHANNELS, colour, "task.colour")
        look_up(degradations.PRESETS, degradation, "task.degradation")
        self.degradation = degradation
        self.loss = look_up(LOSSES, loss, "task.loss")
        self.accumulate = accumulate
        self.ema_decay = ema_decay
        self.optimizer, self.schedule = make_optimizer(optimizer, steps)
        if len(self.scales) > 1 and not network.upsampled_input:
            raise ValueError(
                f"task.scales={self.scales}: {type(network).__name__} serves one scale, since it "
                "takes the low-resolution image; give one"
            )

    @property
    def stages(self) -> list[Stage]:
        """One stage with one step function."""
        step = supervised_step(
            self._loss,
            self.optimizer,
            self.schedule,
            accumulate=self.accumulate,
            ema_decay=self.ema_decay,
        )
        return [Stage("train", self.steps, self._init, (step,))]

    def check_batch(self, batch_size: int, patch_size: int) -> None:
        """Raises a ValueError where batch or patch can't be shared out among the scales."""
        for name, value in (("batch_size", batch_size), ("patch_size", patch_size)):
            if value < 1:
                raise ValueError(f"data.{name}={value}: wanted at least 1")
        parts = len(self.scales) * self.accumulate
        if batch_size % parts:
            raise ValueError(
                f"data.batch_size={batch_size} isn't a multiple of {parts} (scales x accumulate)"
            )
        for scale in self.scales:
            if patch_size % scale:
                raise ValueError(f"data.patch_size={patch_size} isn't a multiple of scale {scale}")

    def predict(self, train_state: state.TrainState, inputs: dict[str, Any]) -> jax.Array:
        """Super-resolves `inputs["lr"]`, (N, h, w, 1 or 3) in [0, 1], by `inputs["scale"]`."""
        variables = train_state.variables(NETWORK)
        return self.super_resolve(variables, inputs["lr"], inputs["scale"])

    @cached_property
    def super_resolve(self) -> Callable:
        """See `compiled_super_resolve`."""
        return compiled_super_resolve(self.network)

    def _init(self, key, example, previous) -> state.TrainState:
        del previous
        inputs, _ = jax.eval_shape(self._pair, key, example)
        variables = dict(self.network.init(key, jnp.zeros(inputs.shape, inputs.dtype)))
        params = {NETWORK: variables.pop("params")}
        return state.create(
            key,
            params,
            {NETWORK: variables} if variables else {},
            {"main": self.optimizer.init(params)},
            keep_ema=bool(self.ema_decay),
        )

    def _loss(self, params, collections, key, batch) -> tuple[jax.Array, dict]:
        degradation_key, dropout_key = jax.random.split(key)
        inputs, target = self._pair(degradation_key, batch)
        variables = {"params": params[NETWORK], **collections.get(NETWORK, {})}
        prediction, updated = self.network.apply(
            variables,
            inputs,
            train=True,
            mutable=list(collections.get(NETWORK, {})),
            rngs={"dropout": dropout_key},
        )
        target = _centre(target, prediction.shape)
        value = self.loss(prediction.astype(jnp.float32), target)
        return value, {NETWORK: updated} if collections else {}

    def _pair(self, key, batch) -> tuple[jax.Array, jax.Array]:
        reference = batch["image"]
        if self.channels == 1:
            reference = luminance(reference)
        groups = jnp.split(reference, len(self.scales))
        inputs = [
            self._degraded(jax.random.fold_in(key, i), group, scale)
            for i, (group, scale) in enumerate(zip(groups, self.scales, strict=True))
        ]
        return jnp.concatenate(inputs), reference

    def _degraded(self, key, reference, scale):
        lr = degradations.degrade(key, reference, self.degradation, scale)
        return resize(lr, scale) if self.network.upsampled_input else lr


def _centre(image: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    # A network without padding returns less than it was given.
    top, left = ((image.shape[a] - shape[a]) // 2 for a in (-3, -2))
    return image[..., top : top + shape[-3], left : left + shape[-2], :]


def compiled_super_resolve(network: nn.Module) -> Callable:
    """Compiles `super_resolve`: (variables, lr on the host, scale) -> image on every device.

    The images are shared out among the devices. Convolutions take the highest precision, where
    GPUs would otherwise round to TF32 and lose the papers' last digit, unless the network says
    another.
    """
    mesh = data_mesh()
    program = jax.jit(
        partial(super_resolve, network), static_argnames="scale", out_shardings=replicated(mesh)
    )

    def apply(variables, lr: np.ndarray, scale: int) -> jax.Array:
        with jax.default_matmul_precision("highest"):
            return program(variables, share_out(np.asarray(lr, np.float32), mesh), scale=scale)

    return apply


def super_resolve(network: nn.Module, variables, lr: jax.Array, scale: int) -> jax.Array:
    """What `enlarge` gives, clipped to [0, 1]."""
    return jnp.clip(enlarge(network, variables, lr, scale), 0.0, 1.0)


def enlarge(network: nn.Module, variables, lr: jax.Array, scale: int) -> jax.Array:
    """Applies a network of one or three channels to an image of one or three.

    Args:
      network: declares `channels` and `upsampled_input`.
      variables: its variables.
      lr: (N, h, w, 1 or 3) in [0, 1].
      scale: integer factor.

    Returns:
      (N, h · scale, w · scale, channels of lr), nominally in [0, 1]. A luminance network gets the
      luminance of a colour image, whose chroma is resized bicubically; a colour network sees a
      grey image as three equal channels.
    """
    if network.channels == 1 and lr.shape[-1] == 3:
        ycbcr = rgb_to_ycbcr(lr)
        y = enlarge(network, variables, ycbcr[..., :1], scale)
        chroma = resize(ycbcr[..., 1:], scale)
        return ycbcr_to_rgb(jnp.concatenate([y, chroma], axis=-1))
    if network.channels == 3 and lr.shape[-1] == 1:
        colour = enlarge(network, variables, jnp.repeat(lr, 3, axis=-1), scale)
        return jnp.mean(colour, axis=-1, keepdims=True)
    inputs = resize(lr, scale) if network.upsampled_input else lr
    return network.apply(variables, inputs).astype(jnp.float32)
