"""Networks that reproduce their input through a code: plain, sparse, denoising, stacked."""

from collections.abc import Callable, Mapping
from functools import cached_property, partial
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
from train.config.registry import look_up
from train.state.devices import at_highest_precision
from train.state.optimizers import make_optimizer
from train.state.stage import Stage
from train.state.train_state import TrainState, leaf_name
from train.tasks.reproducing import AUTOENCODER, Reproducing

LOSSES = {"error_norm": error_norm, "squared_error": squared_error}
# Units whose mean activation lies here count as sparse.
_SPARSE = (0.02, 0.1)


class Autoencoding(Reproducing):
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
        if getattr(network, "takes_key", False) or not hasattr(network, "decode_logits"):
            raise ValueError(f"task.name=autoencoding: {type(network).__name__} is no autoencoder")
        if layer_steps and not hasattr(network, "widths"):
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

    def learning_rates(self, step: int) -> dict[str, float]:
        """The rate of the update after so many steps, by the schedule of their stage."""
        before, length = self.layers * self.layer_steps, self.layer_steps
        if step >= before:
            step, length = step - before, self.steps - before
        else:
            step %= length
        _, schedule = make_optimizer(self.optimizer_section, length)
        return {AUTOENCODER: float(schedule(step))}

    def _stage(self, name: str, steps: int, loss: Callable, number: int) -> Stage:
        """A stage with an optimizer of its own, that moves the pair `number` or else all layers."""
        before = (number - 1) * self.layer_steps
        optimizer, schedule = make_optimizer(self.optimizer_section, steps)
        if number <= self.layers:
            # Weight decay must not move the layers that the loss leaves alone.
            optimizer = optax.masked(optimizer, partial(_of_pair, number))

        def start(key, example, previous) -> TrainState:
            state = self._init(key, example, None) if previous is None else previous
            return state.replace(opt_state={"main": optimizer.init(state.params)})

        step = self._step(loss, optimizer, lambda count: schedule(count - before))
        return Stage(name, steps, start, (step,))

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
        """What the encoder is given of images (N, H, W, C) in [0, 1]."""
        noise_key, mask_key = jax.random.split(key)
        if self.noise:
            noise = self.noise * jax.random.normal(noise_key, images.shape)
            images = jnp.clip(images + noise, 0.0, 1.0)
        if self.masked:
            images = jnp.where(jax.random.bernoulli(mask_key, self.masked, images.shape), 0, images)
        return images

    @property
    def corrupts(self) -> bool:
        """Whether the encoder is given something else than the images."""
        return bool(self.noise or self.masked)

    def reconstruct(self, state: TrainState, images: jax.Array) -> tuple[jax.Array, dict]:
        """Reproduces images (N, H, W, C), and measures the code where it is to be sparse."""
        reproduced, code = self._compiled(state.params[AUTOENCODER], images)
        if not self.sparsity:
            return reproduced, {}
        activation = np.asarray(code).mean(axis=0)
        sparse = (activation >= _SPARSE[0]) & (activation <= _SPARSE[1])
        return reproduced, {
            "mean_activation": float(activation.mean()),
            "sparse_units": float(sparse.mean()),
        }

    @cached_property
    def _compiled(self) -> Callable:
        return at_highest_precision(jax.jit(self._apply))


def _of_pair(k: int, params: Any) -> Any:
    """Which leaves belong to the k-th encoder and decoder."""
    own = {f"encoder{k}", f"decoder{k}"}
    return jax.tree_util.tree_map_with_path(
        lambda path, _: not own.isdisjoint(leaf_name(path).split("/")), params
    )
