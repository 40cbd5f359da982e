"""Two networks that map between two domains and back, each against a discriminator."""

from collections.abc import Mapping
from typing import Any, ClassVar

import flax.linen as nn
import jax
import jax.numpy as jnp

from imaging_jax.losses import (
    l1,
    least_squares_discriminator_loss,
    least_squares_generator_loss,
    mse,
)
from imaging_jax.models import MODELS
from train.config.registry import build, call
from train.config.settings import TrainSettings, check_sections
from train.data.fields import Field, Fields
from train.state import train_state as states
from train.state.optimizers import make_optimizer
from train.state.stage import STEP, Stage
from train.state.train_state import TrainState
from train.state.update import update
from train.tasks.adversarial_checks import check_weights
from train.tasks.image_pool import empty_pool, exchange
from train.tasks.task import Task

GENERATOR, INVERSE = "generator", "inverse_generator"
DISCRIMINATOR, INVERSE_DISCRIMINATOR = "discriminator", "inverse_discriminator"
GENERATORS, DISCRIMINATORS = (GENERATOR, INVERSE), (DISCRIMINATOR, INVERSE_DISCRIMINATOR)
# By optimizer, the networks that it moves.
MOVED = {"generators": GENERATORS, "discriminators": DISCRIMINATORS}


class CycleTranslation(Task):
    """CycleGAN: images of a domain to those of another, without pairs; with them, S-CycleGAN.

    A step updates both generators and then both discriminators, which are shown generated images
    out of a pool. All adversarial losses are least squares.

    Args:
      networks: "generator" G, "inverse_generator" F, "discriminator" of what G makes and
        "inverse_discriminator" of what F makes.
      optimizers: config sections "generators" and "discriminators", see
        `train.state.optimizers.make_optimizer`.
      steps: length of the training.
      ema_decay: of the moving averages of both generators; 0 keeps none.
      adversarial: weight of ``½ mean (D(G(x)) - 1)²``; the paper's has no half, which is a weight
        of 2.
      cycle: weight of ``mean |F(G(x)) - x| + mean |G(F(y)) - y|``.
      identity: weight of ``mean |G(y) - y| + mean |F(x) - x|``.
      supervised: weight of ``mean (G(x) - y)² + mean (F(y) - x)²``, where x and y are pairs.

    Raises:
      ValueError: a negative weight, or an identity between images of unequal channels.

    Source: Zhu, Park, Isola, Efros, "Unpaired Image-to-Image Translation using Cycle-Consistent
    Adversarial Networks", ICCV 2017; Wang et al., "SAR-to-Optical Image Translation Using
    Supervised Cycle-Consistent Adversarial Networks", IEEE Access 7, 2019 (supervised).
    """

    exports: ClassVar[tuple[str, ...]] = (GENERATOR,)

    def __init__(
        self,
        networks: Mapping[str, nn.Module],
        optimizers: Mapping[str, Any],
        steps: int,
        ema_decay: float,
        adversarial: float = 2.0,
        cycle: float = 10.0,
        identity: float = 0.0,
        supervised: float = 0.0,
    ):
        check_weights(
            adversarial=adversarial, cycle=cycle, identity=identity, supervised=supervised
        )
        self.networks = dict(networks)
        self.steps = steps
        self.ema = dict.fromkeys(GENERATORS, ema_decay) if ema_decay else {}
        self.adversarial, self.cycle = adversarial, cycle
        self.identity, self.supervised = identity, supervised
        channels = {name: self.networks[name].channels for name in GENERATORS}
        if identity and len(set(channels.values())) > 1:
            raise ValueError(
                f"task.identity={identity}: images have {channels[INVERSE]} channels, targets "
                f"{channels[GENERATOR]}"
            )
        self._optimizers = {
            name: make_optimizer(
                optimizers[name],
                steps,
                moved,
                name=name,
                path=f"optimizer.{name}",
                prefix="" if name == "generators" else "discriminator_",
            )
            for name, moved in MOVED.items()
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any], settings: TrainSettings) -> "CycleTranslation":
        """Builds networks, optimizers and task out of a config's sections."""
        if settings.accumulate != 1:
            raise ValueError(f"train.accumulate={settings.accumulate}: an adversarial task takes 1")
        check_sections(config, "model", (*GENERATORS, *DISCRIMINATORS))
        check_sections(config, "optimizer", tuple(MOVED))
        section = {key: value for key, value in config["task"].items() if key != "name"}
        return call(
            cls,
            section,
            "task",
            networks={
                name: build(MODELS, model, f"model.{name}")
                for name, model in config["model"].items()
            },
            optimizers=config["optimizer"],
            steps=settings.steps,
            ema_decay=settings.ema_decay,
        )

    @property
    def takes(self) -> Fields:
        """Images of any size."""
        return {"image": _picture(self.networks[INVERSE].channels)}

    @property
    def gives(self) -> Fields:
        """Images of the same size."""
        return {"image": _picture(self.networks[GENERATOR].channels)}

    @property
    def options(self) -> dict[str, tuple]:
        """The size stays."""
        return {"scale": (1,)}

    @property
    def learns(self) -> Fields:
        """Images of both domains."""
        return {**self.takes, "target": self.gives["image"]}

    @property
    def stages(self) -> list[Stage]:
        """One stage with one step function."""
        optimizers = tuple(self._optimizers.values())
        return [Stage("train", self.steps, self._init, {STEP: self._step}, optimizers=optimizers)]

    def apply(self, variables: dict, inputs: dict, scale: int = 1) -> dict[str, jax.Array]:
        """Translates images (N, H, W, C) in [0, 1], continued by their edge to multiples of 4."""
        del scale
        x = 2.0 * inputs["image"] - 1.0
        height, width = x.shape[1:3]
        margins = [(0, -side % 4) for side in (height, width)]
        x = jnp.pad(x, [(0, 0), *margins, (0, 0)], mode="edge")
        y = self.networks[GENERATOR].apply(variables[GENERATOR], x)
        return {"image": (y[:, :height, :width] + 1.0) / 2.0}

    def _init(self, key, example, previous) -> TrainState:
        del previous
        x, y = (jnp.zeros(example[name].shape) for name in ("image", "target"))
        seen = {GENERATOR: x, INVERSE: y, DISCRIMINATOR: y, INVERSE_DISCRIMINATOR: x}
        params = {
            name: self.networks[name].init(jax.random.fold_in(key, index), shown)["params"]
            for index, (name, shown) in enumerate(seen.items())
        }
        opt_state = {}
        for optimizer in self._optimizers.values():
            opt_state |= optimizer.init(params)
        pools = {"target_pool": empty_pool(y.shape[1:]), "image_pool": empty_pool(x.shape[1:])}
        return states.create(key, params, {}, opt_state, averaged=tuple(self.ema), extras=pools)

    def _step(self, state: TrainState, batch):
        keys = jax.random.split(state.step_key())
        x, y = (2.0 * batch[name] - 1.0 for name in ("image", "target"))
        fakes = self._run(state.params, GENERATOR, x), self._run(state.params, INVERSE, y)
        state, metrics = self._update(state, "generators", lambda p: self._translated(p, x, y))
        pools, shown = {}, []
        for name, key, fake in zip(("target_pool", "image_pool"), keys, fakes, strict=True):
            pools[name], image = exchange(key, state.extras[name], fake)
            shown.append(image)
        state, more = self._update(
            state, "discriminators", lambda p: self._told_apart(p, (y, x), shown)
        )
        return state.replace(step=state.step + 1, extras=pools), {**more, **metrics}

    def _update(self, state, name, value_and_metrics):
        def loss(params, collections, key, batch):
            del collections, key, batch
            value, metrics = value_and_metrics(params)
            return value, ({}, metrics)

        ema = self.ema if name == "generators" else {}
        return update(state, loss, state.key, None, (self._optimizers[name],), ema=ema)

    def _translated(self, params, x, y):
        """What both generators are worth, and parts of it."""
        to_y, to_x = self._run(params, GENERATOR, x), self._run(params, INVERSE, y)
        cycle = l1(self._run(params, INVERSE, to_y), x) + l1(self._run(params, GENERATOR, to_x), y)
        adversarial = least_squares_generator_loss(self._run(params, DISCRIMINATOR, to_y))
        adversarial += least_squares_generator_loss(self._run(params, INVERSE_DISCRIMINATOR, to_x))
        value = self.adversarial * adversarial + self.cycle * cycle
        metrics = {"cycle": cycle / 2}
        if self.identity:
            kept = l1(self._run(params, GENERATOR, y), y) + l1(self._run(params, INVERSE, x), x)
            value += self.identity * kept
        if self.supervised:
            error = mse(to_y, y) + mse(to_x, x)
            value += self.supervised * error
            metrics["supervised"] = error
        return value, metrics

    def _told_apart(self, params, real, fake):
        value = sum(
            least_squares_discriminator_loss(
                self._run(params, name, of_domain), self._run(params, name, made)
            )
            for name, of_domain, made in zip(DISCRIMINATORS, real, fake, strict=True)
        )
        return value, {}

    def _run(self, params, name, x):
        return self.networks[name].apply({"params": params[name]}, x)


def _picture(channels: int) -> Field:
    return Field((None, None, channels), "float32", "image", (0.0, 1.0))
