"""Two networks against each other: one draws images, the other tells them from real ones."""

from collections.abc import Callable, Mapping
from functools import cached_property, partial
from itertools import product
from typing import Any, ClassVar

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

from imaging_jax.losses import ADVERSARIAL_LOSSES, clip_weights, gradient_penalty, r1_penalty
from imaging_jax.models import MODELS
from train.config.registry import build, call, look_up
from train.config.settings import TrainSettings
from train.data import example_of
from train.state import train_state as states
from train.state.devices import at_highest_precision, data_mesh, share_batch
from train.state.optimizers import make_optimizer
from train.state.stage import Stage
from train.state.train_state import TrainState, exponential_moving_average
from train.tasks.adversarial_checks import (
    check_agreement,
    check_counts,
    check_no_batch_norm,
    check_roles,
    check_weights,
)

GENERATOR, DISCRIMINATOR = "generator", "discriminator"
NETWORKS = (GENERATOR, DISCRIMINATOR)


class Adversarial:
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

    predicts: ClassVar[str] = GENERATOR
    review: ClassVar[str] = "generation"
    steers_styles: ClassVar[bool] = False

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
        if hasattr(generator, "num_ws") and not self.steers_styles:
            raise ValueError(
                f"model.generator: {type(generator).__name__} is steered by styles; "
                "wanted task.name=style_adversarial"
            )
        losses = look_up(ADVERSARIAL_LOSSES, loss, "task.loss")
        check_counts(critic_steps=critic_steps, r1_every=r1_every)
        check_weights(gradient_penalty=gradient_penalty, r1=r1, weight_bound=weight_bound)
        check_roles(generator, discriminator)
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
        updates = {GENERATOR: steps // critic_steps, DISCRIMINATOR: steps}
        made = {n: make_optimizer(optimizers[n], updates[n], f"optimizer.{n}") for n in NETWORKS}
        self.optimizers = {name: optimizer for name, (optimizer, _) in made.items()}
        self.schedules = {name: schedule for name, (_, schedule) in made.items()}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], settings: TrainSettings) -> "Adversarial":
        """Builds networks, optimizers and task out of a config's sections."""
        if settings.accumulate != 1:
            raise ValueError(f"train.accumulate={settings.accumulate}: an adversarial task takes 1")
        for section in ("model", "optimizer"):
            if set(config[section]) != set(NETWORKS):
                raise ValueError(
                    f"{section}: wanted the sections {' and '.join(NETWORKS)}, "
                    f"got {', '.join(config[section])}"
                )
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
        return getattr(self.generator, "classes", 0)

    def learning_rates(self, step: int) -> dict[str, float]:
        """The rate of each network's next update after so many steps."""
        updates = {GENERATOR: step // self.critic_steps, DISCRIMINATOR: step}
        return {name: float(self.schedules[name](updates[name])) for name in NETWORKS}

    def example(self, data: Mapping[str, Any]) -> dict[str, jax.ShapeDtypeStruct]:
        """A batch as shapes: what the networks take."""
        count = data["batch_size"]
        image = jax.ShapeDtypeStruct((count, *self.image_shape), jnp.float32)
        return {"image": image, "label": jax.ShapeDtypeStruct((count,), jnp.int32)}

    def check_data(self, data: Any) -> None:
        """Raises a ValueError where the data's images or classes aren't those of the networks."""
        shape = example_of(data, data_mesh())["image"].shape[1:]
        if shape != self.generator.image_shape:
            raise ValueError(
                f"data gives images of {shape}, model.generator draws {self.generator.image_shape}"
            )
        classes = getattr(data, "classes", 0)
        if self.classes and classes != self.classes:
            raise ValueError(
                f"data has {classes} classes, model.generator.classes={self.classes}: labels would "
                "be out of range, or some never real"
            )

    @property
    def stages(self) -> list[Stage]:
        """One stage; its step functions are with and without generator, R1 and path length."""
        functions = tuple(
            partial(self._step, generator=generator, r1=r1, path=path)
            for path, generator, r1 in product((False, True), repeat=3)
            if self.steers_styles or not path
        )
        return [Stage("train", self.steps, self._init, functions, self._choose)]

    def _choose(self, step: int) -> int:
        generator = (step + 1) % self.critic_steps == 0
        r1 = self.r1 > 0 and (step + 1) % self.r1_every == 0
        return 4 * self._takes_path_length(step) + 2 * generator + r1

    def _takes_path_length(self, step: int) -> bool:
        del step
        return False

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
            {name: self.optimizers[name].init(params[name]) for name in NETWORKS},
            averaged=(GENERATOR,) if self.ema_decay else (),
        )

    def _init_network(self, name, key, example):
        image = jnp.zeros(example["image"].shape, jnp.float32)
        labels = jnp.zeros(image.shape[0], jnp.int32) if self.classes else None
        z = jnp.zeros((image.shape[0], self.latent))
        return self.networks[name].init(key, z if name == GENERATOR else image, labels)

    def _step(self, state: TrainState, batch, generator: bool, r1: bool, path: bool):
        discriminator_key, generator_key = jax.random.split(state.step_key())
        state, metrics = self._discriminator_step(state, discriminator_key, batch, r1)
        if generator:
            count = batch["image"].shape[0]
            state, more = self._generator_step(state, generator_key, count, path)
            metrics |= more
        return state.replace(step=state.step + 1), metrics

    def _discriminator_step(self, state, key, batch, r1: bool):
        draw_key, penalty_key, apply_key = jax.random.split(key, 3)
        real, labels = 2.0 * batch["image"] - 1.0, batch.get("label")
        fake, fake_labels, _ = self._draw(state.params, state.collections, draw_key, real.shape[0])

        def loss(params):
            judge = partial(self._judge, params)
            collections = state.collections.get(DISCRIMINATOR, {})
            real_key, fake_key = jax.random.split(apply_key)
            real_logits, collections = judge(collections, real_key, real, labels)
            fake_logits, collections = judge(collections, fake_key, fake, fake_labels)
            value = self.discriminator_loss(real_logits, fake_logits)
            metrics = {"real_logit": jnp.mean(real_logits), "fake_logit": jnp.mean(fake_logits)}
            if self.gradient_penalty:
                frozen = lambda x: judge(collections, fake_key, x, labels)[0]  # noqa: E731
                penalty = gradient_penalty(frozen, real, fake, penalty_key)
                value += self.gradient_penalty * penalty
                metrics["gradient_penalty"] = penalty
            if r1:
                frozen = lambda x: judge(collections, real_key, x, labels)[0]  # noqa: E731
                penalty = r1_penalty(frozen, real)
                value += self.r1_every * self.r1 / 2 * penalty
                metrics["r1"] = penalty
            return value, (collections, metrics)

        (value, (collections, metrics)), grads = jax.value_and_grad(loss, has_aux=True)(
            state.params[DISCRIMINATOR]
        )
        state = self._update(state, DISCRIMINATOR, grads, collections)
        if self.weight_bound:
            clipped = clip_weights(state.params[DISCRIMINATOR], self.weight_bound)
            state = state.replace(params={**state.params, DISCRIMINATOR: clipped})
        rate = jnp.asarray(self.schedules[DISCRIMINATOR](state.step), jnp.float32)
        norm = optax.tree.norm(grads)
        return state, {"loss": value, "gradient_norm": norm, "learning_rate": rate, **metrics}

    def _generator_step(self, state, key, count: int, path: bool):
        draw_key, apply_key, penalty_key = jax.random.split(key, 3)

        def loss(params):
            fake, labels, collections = self._draw(
                {GENERATOR: params}, state.collections, draw_key, count
            )
            logits, _ = self._judge(
                state.params[DISCRIMINATOR],
                state.collections.get(DISCRIMINATOR, {}),
                apply_key,
                fake,
                labels,
            )
            value, extras = self.generator_loss(logits), {}
            if path:
                penalty, extras = self._path_length(params, state.extras, penalty_key, count)
                value += penalty
            return value, (collections, extras)

        (value, (collections, extras)), grads = jax.value_and_grad(loss, has_aux=True)(
            state.params[GENERATOR]
        )
        state = self._averaged(self._update(state, GENERATOR, grads, collections))
        state = state.replace(extras={**state.extras, **extras})
        updates = state.step // self.critic_steps
        metrics = {
            "generator_loss": value,
            "generator_gradient_norm": optax.tree.norm(grads),
            "generator_learning_rate": jnp.asarray(self.schedules[GENERATOR](updates), jnp.float32),
        }
        return state, metrics | extras

    def _draw(self, params, collections, key, count: int):
        """Draws images for training: (images, labels or None, new collections)."""
        z_key, label_key, apply_key = jax.random.split(key, 3)
        z = jax.random.normal(z_key, (count, self.latent))
        z, labels = share_batch((z, self._labels(label_key, count)))
        variables = {"params": params[GENERATOR], **collections.get(GENERATOR, {})}
        images, updated = self._apply(self.generator, variables, apply_key, z, labels)
        return images, labels, updated

    def _labels(self, key, count: int) -> jax.Array | None:
        return jax.random.randint(key, (count,), 0, self.classes) if self.classes else None

    def _judge(self, params, collections, key, images, labels):
        variables = {"params": params, **collections}
        labels = labels if self.classes else None
        return self._apply(self.networks[DISCRIMINATOR], variables, key, images, labels)

    @staticmethod
    def _apply(network, variables, key, inputs, labels):
        mutable = [name for name in variables if name != "params"]
        return network.apply(
            variables, inputs, labels, train=True, mutable=mutable, rngs={"dropout": key}
        )

    def _update(self, state: TrainState, name: str, grads, collections) -> TrainState:
        updates, opt_state = self.optimizers[name].update(
            grads, state.opt_state[name], state.params[name]
        )
        params = optax.apply_updates(state.params[name], updates)
        return state.replace(
            params={**state.params, name: params},
            collections={**state.collections, **({name: collections} if collections else {})},
            opt_state={**state.opt_state, name: opt_state},
        )

    def _averaged(self, state: TrainState) -> TrainState:
        if not self.ema_decay:
            return state
        average = exponential_moving_average(
            state.ema_params[GENERATOR], state.params[GENERATOR], self.ema_decay
        )
        own = state.collections.get(GENERATOR)
        return state.replace(
            ema_params={GENERATOR: average}, ema_collections={GENERATOR: own} if own else {}
        )

    def sample(self, state: TrainState, z: jax.Array, labels: jax.Array | None = None) -> jax.Array:
        """Draws images (N, H, W, C) in [0, 1] by the statistics of their own batch."""
        return self._sample(state.variables(GENERATOR), z, labels)

    @cached_property
    def _sample(self) -> Callable:
        def draw(variables, z, labels):
            images, _ = self._apply(self.generator, variables, jax.random.key(0), z, labels)
            return jnp.clip((images + 1.0) / 2.0, 0.0, 1.0)

        return at_highest_precision(jax.jit(draw))
