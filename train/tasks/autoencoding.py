"""Networks that reproduce their input through a code: plain, sparse, denoising, stacked."""

import dataclasses
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax

from imaging_jax.losses import (
    binary_cross_entropy,
    error_norm,
    sparse_kl,
    squared_error,
)
from imaging_jax.models.generative import Autoencoder, DenseAutoencoder
from train.config.registry import look_up
from train.data.fields import Field, Fields
from train.state.stage import STEP, Stage
from train.state.train_state import TrainState, leaf_name
from train.tasks.autoencoder_task import AUTOENCODER, AutoencoderTask

LOSSES = {"error_norm": error_norm, "squared_error": squared_error}


class Autoencoding(AutoencoderTask):
    """Trains an autoencoder, whole or first layer by layer.

    Args:
      network: images -> (reconstruction, code).
      optimizer: config section, see `train.state.optimizers.make_optimizer`.
      steps: length of the training over all stages.
      loss: a name of LOSSES, or "binary_cross_entropy".
      sparsity: weight beta of the divergence of the mean code from `rho`; 0 for none.
      rho: the mean activation that is wanted of every unit of the code.
      noise: standard deviation of Gaussian noise on the input, which is clipped to [0, 1].
      masked: share of the input's pixels that are set to 0.
      layer_steps: steps for which each layer is trained alone, beforehand.

    Raises:
      ValueError: an unknown loss, a value out of range, or more steps for layers than there are.
    """

    def __init__(
        self,
        network: nn.Module,
        optimizer: Mapping[str, Any],
        steps: int,
        loss: str = "squared_error",
        sparsity: float = 0.0,
        rho: float = 0.05,
        noise: float = 0.0,
        masked: float = 0.0,
        layer_steps: int = 0,
    ):
        if not isinstance(network, Autoencoder):
            raise ValueError(f"task.name=autoencoding: {type(network).__name__} is no autoencoder")
        if layer_steps and not isinstance(network, DenseAutoencoder):
            raise ValueError(
                f"task.layer_steps={layer_steps}: {type(network).__name__} has no pairs of layers"
            )
        super().__init__(network, optimizer, steps)
        look_up({**LOSSES, "binary_cross_entropy": None}, loss, "task.loss")
        for name, value, high in (
            ("sparsity", sparsity, np.inf),
            ("noise", noise, np.inf),
            ("masked", masked, 1),
            ("layer_steps", layer_steps, np.inf),
        ):
            if not 0 <= value <= high:
                raise ValueError(f"task.{name}={value}: wanted in [0, {high}]")
        self.loss = loss
        self.sparsity = sparsity
        self.rho = rho
        self.noise = noise
        self.masked = masked
        self.layer_steps = layer_steps
        self.layers = len(network.widths) if layer_steps else 0
        if layer_steps and self.layers * layer_steps >= steps:
            raise ValueError(
                f"train.steps={steps}: wanted more than task.layer_steps={layer_steps} for each of "
                f"{self.layers} layers"
            )

    @property
    def stages(self) -> list[Stage]:
        """A stage for each layer where layers are trained alone, then one for the whole."""
        alone = [
            self._stage(f"layer {k}", self.layer_steps, partial(self._pair, k), k)
            for k in range(1, self.layers + 1)
        ]
        rest = self.steps - self.layers * self.layer_steps
        return [*alone, self._stage("whole", rest, self._whole, self.layers + 1)]

    def _stage(self, name: str, steps: int, loss: Callable, number: int) -> Stage:
        """A stage with an optimizer of its own, that moves the pair `number` or else all layers."""
        before = (number - 1) * self.layer_steps
        optimizer = self._optimizer(steps, count=lambda step: step - before)
        if number <= self.layers:
            # Weight decay must not move the layers that the loss leaves alone.
            alone = optax.masked(optimizer.transformation, partial(_of_pair, number))
            optimizer = dataclasses.replace(optimizer, transformation=alone)

        def start(key, example, previous) -> TrainState:
            state = self._init(key, example, None) if previous is None else previous
            return state.replace(opt_state=optimizer.init(state.params))

        step = self._step(loss, optimizer)
        return Stage(name, steps, start, {STEP: step}, optimizers=(optimizer,))

    def _whole(self, params, key, images):
        code = self._apply(params, self.corrupt(key, images), method="encode")
        if self.loss == "binary_cross_entropy":
            logits = self._apply(params, code, method="decode_logits")
            value = binary_cross_entropy(logits, images)
        else:
            value = LOSSES[self.loss](self._apply(params, code, method="decode"), images)
        return value + self.sparsity * sparse_kl(code, self.rho) if self.sparsity else value

    def _pair(self, k, params, key, images):
        below = self._apply(params, self.corrupt(key, images), k - 1, method="encode_until")
        below = jax.lax.stop_gradient(below)
        reproduced, _ = self._apply(params, below, k, method="layer_pair")
        return squared_error(reproduced, below)

    def corrupt(self, key: jax.Array, images: jax.Array) -> jax.Array:
        """What the encoder is given of images in training, see `corrupt`."""
        return corrupt(key, images, self.noise, self.masked)

    @property
    def gives(self) -> Fields:
        """Images, and the code that they went through."""
        code = Field(self.network.code_shape, "float32", "latent")
        return {"image": self.image, "code": code}

    def apply(self, variables: dict, inputs: dict) -> dict[str, jax.Array]:
        """Gives back images (N, H, W, C) and their codes."""
        image, code = self.network.apply(variables[AUTOENCODER], inputs["image"])
        return {"image": image, "code": code}


def corrupt(key: jax.Array, images: jax.Array, noise: float, masked: float) -> jax.Array:
    """Corrupts images (N, H, W, C) in [0, 1] by Gaussian noise, then by pixels set to 0.

    Args:
      key: of what is drawn.
      images: what is corrupted.
      noise: standard deviation; the result is clipped to [0, 1].
      masked: share of the pixels that are set to 0.
    """
    noise_key, mask_key = jax.random.split(key)
    if noise:
        images = jnp.clip(images + noise * jax.random.normal(noise_key, images.shape), 0.0, 1.0)
    if masked:
        images = jnp.where(jax.random.bernoulli(mask_key, masked, images.shape), 0, images)
    return images


def _of_pair(k: int, params: Any) -> Any:
    """Which leaves belong to the k-th encoder and decoder."""
    own = {f"encoder{k}", f"decoder{k}"}
    return jax.tree_util.tree_map_with_path(
        lambda path, _: not own.isdisjoint(leaf_name(path).split("/")), params
    )
