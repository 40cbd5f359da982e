"""Adversarial training of generators that are steered by styles, as StyleGAN2."""

from collections.abc import Callable, Mapping
from math import lcm
from typing import Any, ClassVar

import flax.linen as nn
import jax
import jax.numpy as jnp

from imaging_jax.losses import path_length
from imaging_jax.models.generative import StyleGenerator
from train.state.devices import share_batch
from train.state.train_state import TrainState, exponential_moving_average
from train.tasks.adversarial import GENERATOR, Adversarial

_W_DECAY, _LENGTH_DECAY = 0.995, 0.99


class StyleAdversarial(Adversarial):
    """Non-saturating loss, lazy R1 and path length, mixed styles, and the mean style.

    Rates and moments of lazily regularised optimizers are the config's affair. The state's `extras`
    hold `w_average`, the running mean of styles, and `length_average`, that of path lengths.

    Args:
      generator: has `mapping`, `synthesis` and `num_ws`.
      discriminator: a network (images, labels) -> logits.
      optimizers: config sections by network, see `train.state.optimizers.make_optimizer`.
      steps: length of the training.
      r1: gamma of the penalty on real images; 0 for none.
      r1_every: it is taken every so many steps, times their number.
      path_length: weight of the penalty on path lengths; 0 for none.
      path_length_every: likewise, on half a batch.
      style_mixing: share of the images that take their finer styles from another latent vector.
      ema_decay: of the moving averages of the generator; 0 keeps none.

    Raises:
      ValueError: as `Adversarial`; a generator without styles; a share outside [0, 1].
    """

    role: ClassVar[type] = StyleGenerator

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        optimizers: Mapping[str, Any],
        steps: int,
        r1: float = 10.0,
        r1_every: int = 16,
        path_length: float = 2.0,
        path_length_every: int = 4,
        style_mixing: float = 0.9,
        ema_decay: float = 0.0,
    ):
        if path_length_every < 1:
            raise ValueError(f"task.path_length_every={path_length_every}: wanted at least 1")
        if path_length < 0:
            raise ValueError(f"task.path_length={path_length}: wanted at least 0")
        if not 0 <= style_mixing <= 1:
            raise ValueError(f"task.style_mixing={style_mixing}: wanted in [0, 1]")
        super().__init__(
            generator,
            discriminator,
            optimizers,
            steps,
            r1=r1,
            r1_every=r1_every,
            ema_decay=ema_decay,
        )
        self.path_length = path_length
        self.path_length_every = path_length_every
        self.style_mixing = style_mixing

    @property
    def options(self) -> dict[str, tuple]:
        """How far styles stay from their mean; 1 where nothing is said."""
        return {"psi": ()}

    @property
    def _period(self) -> int:
        return lcm(super()._period, self.path_length_every)

    def _parts(self, step: int) -> tuple[str, ...]:
        due = self.path_length > 0 and (step + 1) % self.path_length_every == 0
        return (*super()._parts(step), *(["path_length"] if due else []))

    def _init(self, key, example, previous) -> TrainState:
        extras = {"w_average": jnp.zeros(self.latent), "length_average": jnp.zeros(())}
        return super()._init(key, example, previous).replace(extras=extras)

    def _generator_step(self, state, key, count: int, parts):
        key, z_key, label_key = jax.random.split(key, 3)
        state, metrics = super()._generator_step(state, key, count, parts)
        w = self._styles(state.params[GENERATOR], z_key, self._labels(label_key, count), count)
        average = exponential_moving_average(state.extras["w_average"], w.mean(axis=0), _W_DECAY)
        lengths = {name: metrics[name] for name in ("length_average",) if name in metrics}
        return state.replace(extras={**state.extras, "w_average": average, **lengths}), metrics

    def _styles(self, params, key, labels, count: int):
        """Styles (N, w) of new latent vectors."""
        z, labels = share_batch((jax.random.normal(key, (count, self.latent)), labels))
        return self.generator.apply({"params": params}, z, labels, method="mapping")

    def _mixed(self, params, key, count: int):
        """Styles (N, num_ws, w): from a random layer on those of another latent vector."""
        first_key, second_key, label_key, mix_key, cut_key = jax.random.split(key, 5)
        labels = self._labels(label_key, count)
        first = self._styles(params, first_key, labels, count)
        second = self._styles(params, second_key, labels, count)
        layers = self.generator.num_ws
        cutoff = jax.random.randint(cut_key, (count,), 1, layers)
        mixed = jax.random.bernoulli(mix_key, self.style_mixing, (count,))
        coarse = jnp.arange(layers) < jnp.where(mixed, cutoff, layers)[:, None]
        return jnp.where(coarse[..., None], first[:, None], second[:, None]), labels

    def _draw(self, params, collections, key, count: int):
        del collections
        style_key, noise_key = jax.random.split(key)
        ws, labels = self._mixed(params[GENERATOR], style_key, count)
        return self._synthesis(params[GENERATOR], noise_key)(ws), labels, {}

    def _synthesis(self, params, noise_key) -> Callable:
        def draw(ws):
            rngs = {"noise": noise_key}
            return self.generator.apply({"params": params}, ws, method="synthesis", rngs=rngs)

        return draw

    def _penalty(self, params, extras, key, count: int, parts) -> tuple[jax.Array | float, dict]:
        if "path_length" not in parts:
            return 0.0, {}
        style_key, noise_key, direction_key = jax.random.split(key, 3)
        ws, _ = self._mixed(params[GENERATOR], style_key, max(count // 2, 1))
        lengths = path_length(self._synthesis(params[GENERATOR], noise_key), ws, direction_key)
        average = exponential_moving_average(
            extras["length_average"], lengths.mean(), _LENGTH_DECAY
        )
        penalty = jnp.mean((lengths - jax.lax.stop_gradient(average)) ** 2)
        weight = self.path_length_every * self.path_length
        return weight * penalty, {"length_average": average}

    def variables(self, state: TrainState) -> dict[str, Any]:
        """The generator's, and the mean of styles."""
        return {**super().variables(state), "w_average": state.extras["w_average"]}

    def apply(self, variables: dict, inputs: dict, psi: float = 1.0) -> dict[str, jax.Array]:
        """Draws images (N, H, W, C), nominally in [0, 1], styles moved to their mean by 1 - psi."""
        images = self.generator.apply(
            variables[GENERATOR],
            inputs["latent"],
            inputs.get("label"),
            psi=psi,
            w_average=variables["w_average"],
        )
        return {"image": (images + 1.0) / 2.0}
