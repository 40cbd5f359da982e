"""What tasks share whose networks map images of one domain to another, against discriminators."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import flax.linen as nn
import jax
import jax.numpy as jnp

from imaging_jax.models.translation import PatchDiscriminator, Translator
from train.config.settings import TrainSettings
from train.data.fields import Fields, picture, pictures
from train.state import train_state as states
from train.state.optimizers import make_optimizer
from train.state.stage import STEP, Stage
from train.state.train_state import TrainState
from train.state.update import update
from train.tasks.several_networks import from_sections
from train.tasks.task import Task

GENERATOR = "generator"


class ImageTranslation(Task):
    """Several networks and optimizers, one stage with one step function.

    A task of this kind says which networks an optimizer moves, and what a step is.

    Args:
      networks: by the names of `roles`.
      optimizers: config sections by the names of `moved`, see
        `train.state.optimizers.make_optimizer`.
      steps: length of the training.
      ema_decay: of the moving averages of the generators; 0 keeps none.

    Raises:
      ValueError: a network of another role.
    """

    exports: ClassVar[tuple[str, ...]] = (GENERATOR,)
    whole: ClassVar[str] = "norms are of the whole picture"
    # By network what it must be, and by optimizer what it moves; the first moves the generators.
    roles: ClassVar[Mapping[str, type]]
    moved: ClassVar[Mapping[str, tuple[str, ...]]]

    def __init__(
        self,
        networks: Mapping[str, nn.Module],
        optimizers: Mapping[str, Any],
        steps: int,
        ema_decay: float,
    ):
        for name, role in self.roles.items():
            if not isinstance(networks[name], role):
                found = type(networks[name]).__name__
                raise ValueError(f"model.{name}: wanted a {role.__name__}, got {found}")
        self.networks = dict(networks)
        self.steps = steps
        first, *_ = self.moved.values()
        self.ema = dict.fromkeys(first, ema_decay) if ema_decay else {}
        self._optimizers = {
            name: make_optimizer(
                optimizers[name],
                steps,
                networks,
                name=name,
                path=f"optimizer.{name}",
                prefix="" if networks == first else "discriminator_",
            )
            for name, networks in self.moved.items()
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any], settings: TrainSettings) -> "ImageTranslation":
        """Builds networks, optimizers and task out of a config's sections."""
        return from_sections(cls, config, settings, tuple(cls.roles), tuple(cls.moved))

    @property
    def given(self) -> str:
        """The field that is translated."""
        return "frames" if self.networks[GENERATOR].dates else "image"

    @property
    def takes(self) -> Fields:
        """Images of any size, in colour, or as many dates; grey ones have three equal channels."""
        dates = self.networks[GENERATOR].dates
        return {self.given: pictures(dates, 3) if dates else picture(3)}

    @property
    def gives(self) -> Fields:
        """Images of the same size."""
        return {"image": picture(self.networks[GENERATOR].channels)}

    @property
    def options(self) -> dict[str, tuple]:
        """The size stays."""
        return {"scale": (1,)}

    @property
    def learns(self) -> Fields:
        """What is given, and what it should become or what others of that domain look like."""
        return {**self.takes, "target": self.gives["image"]}

    @property
    def stages(self) -> list[Stage]:
        """One stage with one step function."""
        optimizers = tuple(self._optimizers.values())
        return [Stage("train", self.steps, self._init, {STEP: self._step}, optimizers=optimizers)]

    def apply(self, variables: dict, inputs: dict, scale: int = 1) -> dict[str, jax.Array]:
        """Translates images (N, H, W, C) in [0, 1], continued by their edge to what divides.

        A network of several dates is given (N, dates, H, W, C).

        What a network drops doesn't depend on the batch: it is the same for every image.
        """
        del scale
        network = self.networks[GENERATOR]
        x = 2.0 * inputs[self.given] - 1.0
        height, width = x.shape[-3:-1]
        margins = [(0, -side % network.divisor) for side in (height, width)]
        x = jnp.pad(x, [(0, 0)] * (x.ndim - 3) + [*margins, (0, 0)], mode="edge")

        params = {GENERATOR: variables[GENERATOR]["params"]}
        one = lambda x: self._generate(params, GENERATOR, jax.random.key(0), x[None])[0]  # noqa: E731
        return {"image": (jax.vmap(one)(x)[:, :height, :width] + 1.0) / 2.0}

    def check_data(self, data: Any) -> None:
        """As `Task.check_data`; tells a number of dates by the network's key."""
        dates, found = self.networks[GENERATOR].dates, data.fields.get("frames")
        if dates and found and found.shape[0] != dates:
            raise ValueError(f"model.{GENERATOR}.dates={dates}: the data have {found.shape[0]}")
        super().check_data(data)

    def _start(self, key, shown: Mapping[str, jax.Array], **extras: Any) -> TrainState:
        """The state of networks that are shown images of these shapes."""
        params = {}
        for index, (name, x) in enumerate(shown.items()):
            own, dropout = jax.random.split(jax.random.fold_in(key, index))
            keys = {"params": own, "dropout": dropout}
            params[name] = self.networks[name].init(keys, x)["params"]
        opt_state = {}
        for optimizer in self._optimizers.values():
            opt_state |= optimizer.init(params)
        return states.create(key, params, {}, opt_state, averaged=tuple(self.ema), extras=extras)

    def _update(
        self, state: TrainState, name: str, value_and_metrics: Callable[[dict], tuple]
    ) -> tuple[TrainState, dict]:
        """Moves what this optimizer moves down a function of all parameters."""

        def loss(params, collections, key, batch):
            del collections, key, batch
            value, metrics = value_and_metrics(params)
            return value, ({}, metrics)

        first, *_ = self.moved
        ema = self.ema if name == first else {}
        return update(state, loss, state.key, None, (self._optimizers[name],), ema=ema)

    def _generate(self, params: Mapping, name: str, key: jax.Array, x: jax.Array) -> jax.Array:
        return self.networks[name].apply({"params": params[name]}, x, rngs={"dropout": key})

    def _judge(self, params: Mapping, name: str, x: jax.Array) -> jax.Array:
        return self.networks[name].apply({"params": params[name]}, x)


def roles_of(generators: tuple[str, ...], discriminators: tuple[str, ...]) -> dict[str, type]:
    """What networks of these names must be."""
    return dict.fromkeys(generators, Translator) | dict.fromkeys(discriminators, PatchDiscriminator)
