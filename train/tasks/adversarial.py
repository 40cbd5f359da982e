"""Two networks against each other: one draws images, the other tells them from real ones."""

from collections.abc import Mapping
from functools import partial
from math import lcm
from typing import Any, ClassVar

import flax.linen as nn
import jax
import jax.numpy as jnp

from imaging_jax.losses import ADVERSARIAL_LOSSES, clip_weights, gradient_penalty, r1_penalty
from imaging_jax.models import MODELS
from imaging_jax.models.generative import Generator
from train.config.registry import build, call, look_up
from train.config.settings import TrainSettings, check_no_accumulation, check_sections
from train.data.fields import Field, Fields
from train.state import train_state as states
from train.state.devices import share_batch
from train.state.networks import apply_in_training
from train.state.optimizers import make_optimizer
from train.state.stage import Stage
from train.state.train_state import TrainState
from train.state.update import update
from train.tasks.adversarial_checks import (
    check_agreement,
    check_counts,
    check_no_batch_norm,
    check_roles,
    check_weights,
)
from train.tasks.task import Task

GENERATOR, DISCRIMINATOR = "generator", "discriminator"
NETWORKS = (GENERATOR, DISCRIMINATOR)


class Adversarial(Task):
    """Alternating updates of a discriminator and a generator.

    A step updates the discriminator on real images and on images drawn for it, each a batch of its
    own statistics, and then the generator through the updated discriminator on new ones. With
    several critic steps only the last of them is followed by the generator, so that
    `train.steps` counts updates of the discriminator.

    Args:
      generator: a network (z, labels) -> images in [-1, 1].
      discriminator: a network (images, labels) -> logits.
      optimizers: config sections by network, see `train.state.optimizers.make_optimizer`.
      steps: length of the training.
      loss: a name of `imaging_jax.losses.ADVERSARIAL_LOSSES`.
      real_label: one-sided label smoothing, where the loss is a cross-entropy.
      critic_steps: updates of the discriminator for each of the generator.
      gradient_penalty: its weight; 0 for none.
      r1: gamma of the penalty on real images; 0 for none.
      r1_every: it is taken every so many steps, times their number.
      weight_bound: every parameter of the discriminator is clipped to it after an update; 0 for no
        clipping.
      ema_decay: of the moving averages of the generator; 0 keeps none.

    Raises:
      ValueError: an unknown loss, a count below 1, a negative weight, networks of other roles or of
        different images or classes, or a penalty on a discriminator with batch norm.
    """

    exports: ClassVar[tuple[str, ...]] = (GENERATOR,)
    # What the generator is, beside drawing images.
    role: ClassVar[type] = Generator

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        optimizers: Mapping[str, Any],
        steps: int,
        loss: str = "non_saturating",
        real_label: float = 1.0,
        critic_steps: int = 1,
        gradient_penalty: float = 0.0,
        r1: float = 0.0,
        r1_every: int = 1,
        weight_bound: float = 0.0,
        ema_decay: float = 0.0,
    ):
        losses = look_up(ADVERSARIAL_LOSSES, loss, "task.loss")
        check_counts(critic_steps=critic_steps, r1_every=r1_every)
        check_weights(gradient_penalty=gradient_penalty, r1=r1, weight_bound=weight_bound)
        check_roles(generator, discriminator, self.role)
        check_agreement(generator, discriminator)
        if gradient_penalty or r1:
            check_no_batch_norm(discriminator)
        self.networks = {GENERATOR: generator, DISCRIMINATOR: discriminator}
        self.steps = steps
        self.discriminator_loss, self.generator_loss = losses
        if real_label != 1.0:
            if loss not in ("minimax", "non_saturating"):
                raise ValueError(f"task.real_label={real_label}: task.loss={loss!r} has no labels")
            self.discriminator_loss = partial(losses[0], real_label=real_label)
        self.critic_steps = critic_steps
        self.gradient_penalty = gradient_penalty
        self.r1 = r1
        self.r1_every = r1_every
        self.weight_bound = weight_bound
        self.ema_decay = ema_decay
        # Schedules count the updates of their own network.
        self.generator_optimizer = make_optimizer(
            optimizers[GENERATOR],
            steps // critic_steps,
            (GENERATOR,),
            name=GENERATOR,
            path=f"optimizer.{GENERATOR}",
            count=lambda step: step // critic_steps,
            prefix="generator_",
        )
        self.discriminator_optimizer = make_optimizer(
            optimizers[DISCRIMINATOR],
            steps,
            (DISCRIMINATOR,),
            name=DISCRIMINATOR,
            path=f"optimizer.{DISCRIMINATOR}",
        )

    @classmethod
    def from_config(cls, config: Mapping[str, Any], settings: TrainSettings) -> "Adversarial":
        """Builds networks, optimizers and task out of a config's sections."""
        check_no_accumulation(settings)
        for part in ("model", "optimizer"):
            check_sections(config, part, NETWORKS)
        networks = {n: build(MODELS, config["model"][n], f"model.{n}") for n in NETWORKS}
        section = {key: value for key, value in config["task"].items() if key != "name"}
        return call(
            cls,
            section,
            "task",
            **networks,
            optimizers=config["optimizer"],
            steps=settings.steps,
            ema_decay=settings.ema_decay,
        )

    @property
    def generator(self) -> nn.Module:
        """The network that predictions use."""
        return self.networks[GENERATOR]

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of what is drawn."""
        return self.generator.image_shape

    @property
    def latent(self) -> int:
        """Numbers in the vector that an image is drawn from."""
        return self.generator.latent

    @property
    def classes(self) -> int:
        """Number of classes that can be asked for; 0 where none can."""
        return self.generator.classes

    @property
    def takes(self) -> Fields:
        """Latent vectors, and labels where classes can be asked for."""
        label = {"label": Field((), "int32", "label", (0, self.classes))} if self.classes else {}
        return {"latent": Field((self.latent,), "float32", "latent"), **label}

    @property
    def gives(self) -> Fields:
        """Images."""
        return {"image": Field(self.image_shape, "float32", "image", (0.0, 1.0))}

    @property
    def _ema(self) -> dict[str, float]:
        return {GENERATOR: self.ema_decay} if self.ema_decay else {}

    @property
    def learns(self) -> Fields:
        """Images of what the generator draws, and labels where classes can be asked for."""
        labels = {name: field for name, field in self.takes.items() if name == "label"}
        return {**self.gives, **labels}

    @property
    def stages(self) -> list[Stage]:
        """One stage, whose step functions are named by the parts of a step."""
        kinds = {self._parts(step) for step in range(self._period)}
        functions = {_name(parts): partial(self._step, parts=parts) for parts in kinds}
        rule = lambda step: _name(self._parts(step))  # noqa: E731
        optimizers = (self.generator_optimizer, self.discriminator_optimizer)
        return [Stage("train", self.steps, self._init, functions, rule, optimizers)]

    @property
    def _period(self) -> int:
        return lcm(self.critic_steps, self.r1_every)

    def _parts(self, step: int) -> tuple[str, ...]:
        """What the step that follows `step` does beside updating the discriminator."""
        generator = [GENERATOR] if (step + 1) % self.critic_steps == 0 else []
        r1 = ["r1"] if self.r1 > 0 and (step + 1) % self.r1_every == 0 else []
        return (*r1, *generator)

    def _init(self, key, example, previous) -> TrainState:
        del previous
        variables = {
            name: dict(self._init_network(name, jax.random.fold_in(key, index), example))
            for index, name in enumerate(NETWORKS)
        }
        params = {name: tree.pop("params") for name, tree in variables.items()}
        return states.create(
            key,
            params,
            {name: tree for name, tree in variables.items() if tree},
            {**self.generator_optimizer.init(params), **self.discriminator_optimizer.init(params)},
            averaged=tuple(self._ema),
        )

    def _init_network(self, name, key, example):
        image = jnp.zeros(example["image"].shape, jnp.float32)
        labels = jnp.zeros(image.shape[0], jnp.int32) if self.classes else None
        z = jnp.zeros((image.shape[0], self.latent))
        return self.networks[name].init(key, z if name == GENERATOR else image, labels)

    def _step(self, state: TrainState, batch, parts: tuple[str, ...]):
        discriminator_key, generator_key = jax.random.split(state.step_key())
        state, metrics = self._discriminator_step(state, discriminator_key, batch, parts)
        if GENERATOR in parts:
            count = batch["image"].shape[0]
            state, more = self._generator_step(state, generator_key, count, parts)
            metrics |= more
        return state.replace(step=state.step + 1), metrics

    def _discriminator_step(self, state, key, batch, parts):
        draw_key, penalty_key, apply_key = jax.random.split(key, 3)
        real, labels = 2.0 * batch["image"] - 1.0, batch.get("label")
        fake, fake_labels, _ = self._draw(state.params, state.collections, draw_key, real.shape[0])

        def loss(params, collections, key, batch):
            del batch
            judge = partial(self._judge, params[DISCRIMINATOR])
            own = collections.get(DISCRIMINATOR, {})
            real_key, fake_key = jax.random.split(key)
            real_logits, own = judge(own, real_key, real, labels)
            fake_logits, own = judge(own, fake_key, fake, fake_labels)
            value = self.discriminator_loss(real_logits, fake_logits)
            metrics = {"real_logit": jnp.mean(real_logits), "fake_logit": jnp.mean(fake_logits)}
            if self.gradient_penalty:
                frozen = lambda x: judge(own, fake_key, x, labels)[0]  # noqa: E731
                penalty = gradient_penalty(frozen, real, fake, penalty_key)
                value += self.gradient_penalty * penalty
                metrics["gradient_penalty"] = penalty
            if "r1" in parts:
                frozen = lambda x: judge(own, real_key, x, labels)[0]  # noqa: E731
                penalty = r1_penalty(frozen, real)
                value += self.r1_every * self.r1 / 2 * penalty
                metrics["r1"] = penalty
            return value, ({DISCRIMINATOR: own} if own else {}, metrics)

        state, metrics = update(state, loss, apply_key, None, (self.discriminator_optimizer,))
        if self.weight_bound:
            clipped = clip_weights(state.params[DISCRIMINATOR], self.weight_bound)
            state = state.replace(params={**state.params, DISCRIMINATOR: clipped})
        return state, metrics

    def _generator_step(self, state, key, count: int, parts):
        draw_key, apply_key, penalty_key = jax.random.split(key, 3)

        def loss(params, collections, key, batch):
            del batch
            fake, labels, own = self._draw(params, collections, draw_key, count)
            judged = collections.get(DISCRIMINATOR, {})
            logits, _ = self._judge(params[DISCRIMINATOR], judged, key, fake, labels)
            penalty, metrics = self._penalty(params, state.extras, penalty_key, count, parts)
            value = self.generator_loss(logits) + penalty
            return value, ({GENERATOR: own} if own else {}, metrics)

        return update(state, loss, apply_key, None, (self.generator_optimizer,), ema=self._ema)

    def _penalty(self, params, extras, key, count: int, parts) -> tuple[jax.Array | float, dict]:
        """What is added to the generator's loss, and what is logged of it."""
        del params, extras, key, count, parts
        return 0.0, {}

    def _draw(self, params, collections, key, count: int):
        """Draws images for training: (images, labels or None, new collections)."""
        z_key, label_key, apply_key = jax.random.split(key, 3)
        z = jax.random.normal(z_key, (count, self.latent))
        z, labels = share_batch((z, self._labels(label_key, count)))
        variables = {"params": params[GENERATOR], **collections.get(GENERATOR, {})}
        images, updated = apply_in_training(self.generator, variables, apply_key, z, labels)
        return images, labels, updated

    def _labels(self, key, count: int) -> jax.Array | None:
        return jax.random.randint(key, (count,), 0, self.classes) if self.classes else None

    def _judge(self, params, collections, key, images, labels):
        variables = {"params": params, **collections}
        labels = labels if self.classes else None
        return apply_in_training(self.networks[DISCRIMINATOR], variables, key, images, labels)

    def apply(self, variables: dict, inputs: dict) -> dict[str, jax.Array]:
        """Draws images (N, H, W, C), nominally in [0, 1], by the statistics of their own batch."""
        own, labels = variables[GENERATOR], inputs.get("label")
        latent = inputs["latent"]
        images, _ = apply_in_training(self.generator, own, jax.random.key(0), latent, labels)
        return {"image": (images + 1.0) / 2.0}


def _name(parts: tuple[str, ...]) -> str:
    return " + ".join([DISCRIMINATOR, *parts])
