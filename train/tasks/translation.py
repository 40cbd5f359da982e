"""A network that maps one image to another, against one that tells its pairs from true ones."""

from collections.abc import Mapping
from typing import Any, ClassVar

import flax.linen as nn
import jax
import jax.numpy as jnp

from imaging_jax.losses import ADVERSARIAL_LOSSES
from imaging_jax.models import MODELS
from train.config.registry import build, call, look_up
from train.config.settings import TrainSettings, check_sections
from train.data.fields import Field, Fields
from train.state import train_state as states
from train.state.optimizers import make_optimizer
from train.state.stage import STEP, Stage
from train.state.train_state import TrainState
from train.state.update import update
from train.tasks.adversarial_checks import check_weights
from train.tasks.task import Task

GENERATOR, DISCRIMINATOR = "generator", "discriminator"
NETWORKS = (GENERATOR, DISCRIMINATOR)
# Channels of what is translated; grey images have three equal ones.
_COLOURS = 3


class Translation(Task):
    """pix2pix: pairs of a given image and the one it should become.

    A step updates the discriminator on the true pair and on that with the generated image, and then
    the generator through the updated discriminator. The paper halves the discriminator's loss,
    which Adam doesn't see.

    Args:
      generator: a network images -> images, both in [-1, 1].
      discriminator: a network images -> logits of patches.
      optimizers: config sections by network, see `train.state.optimizers.make_optimizer`.
      steps: length of the training.
      ema_decay: of the moving averages of the generator; 0 keeps none.
      loss: a name of `imaging_jax.losses.ADVERSARIAL_LOSSES`.
      adversarial: weight of the generator's adversarial loss; 0 leaves the discriminator out.
      l1: weight of the mean absolute difference.
      conditional: whether the discriminator sees the given image beside the other.

    Raises:
      ValueError: an unknown loss, or a negative weight.

    Source: Isola, Zhu, Zhou, Efros, "Image-to-Image Translation with Conditional Adversarial
    Networks", CVPR 2017.
    """

    exports: ClassVar[tuple[str, ...]] = (GENERATOR,)

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        optimizers: Mapping[str, Any],
        steps: int,
        ema_decay: float,
        loss: str = "non_saturating",
        adversarial: float = 1.0,
        l1: float = 100.0,
        conditional: bool = True,
    ):
        losses = look_up(ADVERSARIAL_LOSSES, loss, "task.loss")
        check_weights(adversarial=adversarial, l1=l1)
        self.networks = {GENERATOR: generator, DISCRIMINATOR: discriminator}
        self.steps = steps
        self.ema = {GENERATOR: ema_decay} if ema_decay else {}
        self.discriminator_loss, self.generator_loss = losses
        self.adversarial, self.l1 = adversarial, l1
        self.conditional = conditional
        self._optimizers = {
            name: make_optimizer(
                optimizers[name],
                steps,
                (name,),
                name=name,
                path=f"optimizer.{name}",
                prefix="" if name == GENERATOR else "discriminator_",
            )
            for name in NETWORKS
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any], settings: TrainSettings) -> "Translation":
        """Builds networks, optimizers and task out of a config's sections."""
        if settings.accumulate != 1:
            raise ValueError(f"train.accumulate={settings.accumulate}: an adversarial task takes 1")
        for part in ("model", "optimizer"):
            check_sections(config, part, NETWORKS)
        section = {key: value for key, value in config["task"].items() if key != "name"}
        return call(
            cls,
            section,
            "task",
            **{name: build(MODELS, config["model"][name], f"model.{name}") for name in NETWORKS},
            optimizers=config["optimizer"],
            steps=settings.steps,
            ema_decay=settings.ema_decay,
        )

    @property
    def takes(self) -> Fields:
        """Images of any size."""
        return {"image": _picture(_COLOURS)}

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
        """The given image, and what it should become."""
        return {**self.takes, "target": self.gives["image"]}

    @property
    def stages(self) -> list[Stage]:
        """One stage with one step function."""
        optimizers = tuple(self._optimizers.values())
        return [Stage("train", self.steps, self._init, {STEP: self._step}, optimizers=optimizers)]

    def apply(self, variables: dict, inputs: dict, scale: int = 1) -> dict[str, jax.Array]:
        """Translates images (N, H, W, C) in [0, 1], continued by their edge to what divides."""
        del scale
        x = 2.0 * inputs["image"] - 1.0
        height, width = x.shape[1:3]
        divisor = 2 ** self.networks[GENERATOR].levels
        margins = [(0, -side % divisor) for side in (height, width)]
        x = jnp.pad(x, [(0, 0), *margins, (0, 0)], mode="edge")
        y = self._generate(variables[GENERATOR], jax.random.key(0), x)
        return {"image": (y[:, :height, :width] + 1.0) / 2.0}

    def _init(self, key, example, previous) -> TrainState:
        del previous
        given, target = (jnp.zeros(example[name].shape) for name in ("image", "target"))
        pair = jnp.concatenate([given, target], -1) if self.conditional else target
        params = {}
        for index, (name, x) in enumerate(((GENERATOR, given), (DISCRIMINATOR, pair))):
            own, dropout = jax.random.split(jax.random.fold_in(key, index))
            keys = {"params": own, "dropout": dropout}
            params[name] = self.networks[name].init(keys, x)["params"]
        opt_state = {}
        for optimizer in self._optimizers.values():
            opt_state |= optimizer.init(params)
        return states.create(key, params, {}, opt_state, averaged=tuple(self.ema))

    def _step(self, state: TrainState, batch):
        key = state.step_key()
        given, target = (2.0 * batch[name] - 1.0 for name in ("image", "target"))
        metrics = {}
        if self.adversarial:
            fake = self._generate({"params": state.params[GENERATOR]}, key, given)
            state, metrics = self._update(
                state, DISCRIMINATOR, lambda params: self._told_apart(params, given, target, fake)
            )
        state, more = self._update(
            state, GENERATOR, lambda params: self._translated(params, key, given, target)
        )
        return state.replace(step=state.step + 1), {**metrics, **more}

    def _update(self, state, name, value_and_metrics):
        def loss(params, collections, key, batch):
            del collections, key, batch
            value, metrics = value_and_metrics(params)
            return value, ({}, metrics)

        ema = self.ema if name == GENERATOR else {}
        return update(state, loss, state.key, None, (self._optimizers[name],), ema=ema)

    def _told_apart(self, params, given, target, fake):
        real, false = (self._judge(params, given, x) for x in (target, fake))
        metrics = {"real_logit": jnp.mean(real), "fake_logit": jnp.mean(false)}
        return self.discriminator_loss(real, false), metrics

    def _translated(self, params, key, given, target):
        fake = self._generate({"params": params[GENERATOR]}, key, given)
        l1 = jnp.mean(jnp.abs(fake - target))
        value = self.l1 * l1
        if self.adversarial:
            logits = self._judge(params, given, fake)
            value += self.adversarial * self.generator_loss(logits)
        return value, {"l1": l1}

    def _generate(self, variables, key, x):
        return self.networks[GENERATOR].apply(variables, x, rngs={"dropout": key})

    def _judge(self, params, given, image):
        x = jnp.concatenate([given, image], axis=-1) if self.conditional else image
        return self.networks[DISCRIMINATOR].apply({"params": params[DISCRIMINATOR]}, x)


def _picture(channels: int) -> Field:
    return Field((None, None, channels), "float32", "image", (0.0, 1.0))
