"""Super-resolution against a network that tells restored images from true ones: SRGAN."""

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any, ClassVar

import flax.linen as nn
import jax
import jax.numpy as jnp

from imaging_jax import pretrained
from imaging_jax.losses import (
    content_loss,
    cross_entropy_discriminator_loss,
    mse,
    non_saturating_generator_loss,
)
from imaging_jax.models.generative import Discriminator
from train.config.registry import look_up
from train.config.settings import TrainSettings
from train.data import degradations
from train.data.fields import PICTURE, Fields, picture
from train.data.presets import PRESETS
from train.state import train_state as states
from train.state.networks import apply_in_training
from train.state.optimizers import Optimizer, make_optimizer
from train.state.stage import STEP, Stage
from train.state.train_state import TrainState
from train.state.update import step_function, update
from train.tasks.adversarial import DISCRIMINATOR, GENERATOR, NETWORKS
from train.tasks.adversarial_checks import check_weights
from train.tasks.several_networks import from_sections
from train.tasks.super_resolution import enlarge
from train.tasks.task import Task, period_of

PRETRAINING = "pretraining"
# The content loss that compares pixels; any other name is one of a feature network's maps.
PIXELS = "mse"
# (restored, true) -> scalar
Content = Callable[[jax.Array, jax.Array], jax.Array]


class AdversarialSuperResolution(Task):
    """SRGAN: a network restores by squared error, and then against a discriminator.

    The second stage updates the generator by content and adversarial loss, and then the
    discriminator on true images and on what the generator had made, each a batch of its own
    statistics.

    Args:
      networks: "generator", which enlarges "image", and "discriminator".
      optimizers: config sections "pretraining" of the first stage, "generator" and
        "discriminator"; see `train.state.optimizers.make_optimizer`.
      steps: length of the training over both stages.
      ema_decay: of the moving averages of the generator; 0 keeps none.
      scale: factor.
      degradation: a name of `train.data.presets.PRESETS`.
      pretraining_steps: length of the first stage; 0 where the generator starts from weights.
      content: "mse" of pixels in [-1, 1], or the name of a feature map, "relu2_2" for VGG22.
      features: the network whose maps these are, see `imaging_jax.pretrained.load_features`; empty
        with "mse".
      adversarial: weight of the mean of -log D(G(x)).

    Raises:
      ValueError: networks of other roles, an unknown name, features without a map or a map without
        features, a negative weight, more steps of the first stage than there are.

    Source: Ledig et al., "Photo-Realistic Single Image Super-Resolution Using a Generative
    Adversarial Network", CVPR 2017, sections 2.2 and 3.2.
    """

    exports: ClassVar[tuple[str, ...]] = (GENERATOR,)
    takes: ClassVar[Fields] = {"image": PICTURE}
    gives: ClassVar[Fields] = {"image": PICTURE}
    learns: ClassVar[Fields] = {"image": picture(3)}

    def __init__(
        self,
        networks: Mapping[str, nn.Module],
        optimizers: Mapping[str, Any],
        steps: int,
        ema_decay: float,
        scale: int,
        degradation: str = "bicubic_8bit",
        pretraining_steps: int = 0,
        content: str = PIXELS,
        features: str = "",
        adversarial: float = 1e-3,
    ):
        check_weights(pretraining_steps=pretraining_steps, adversarial=adversarial)
        look_up(PRESETS, degradation, "task.degradation")
        _check_roles(networks)
        if pretraining_steps >= steps:
            raise ValueError(
                f"task.pretraining_steps={pretraining_steps}: wanted less than train.steps={steps}"
            )
        self.networks = dict(networks)
        self.steps = steps
        self.ema = {GENERATOR: ema_decay} if ema_decay else {}
        self.scale = scale
        self.degradation = degradation
        self.pretraining_steps = pretraining_steps
        self.adversarial = adversarial
        _check_content(content, features)
        self.content, self.features = content, features
        self._optimizers = {
            name: self._optimizer(name, section)
            for name, section in optimizers.items()
            if name != PRETRAINING or pretraining_steps
        }

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any], settings: TrainSettings
    ) -> "AdversarialSuperResolution":
        """Builds networks, optimizers and task out of a config's sections."""
        fields = {"scale": config["task"].get("scale"), "channels": 3}
        # Also where a command line sets no steps for it, which can't take its section away.
        optimizers = (PRETRAINING, *NETWORKS)
        return from_sections(cls, config, settings, NETWORKS, optimizers, **fields)

    @property
    def period(self) -> int:
        """That of the generator."""
        return period_of(self.networks[GENERATOR])

    @property
    def options(self) -> dict[str, tuple[int, ...]]:
        """The scale."""
        return {"scale": (self.scale,)}

    @property
    def stages(self) -> list[Stage]:
        """One of squared error, where it has steps, and one against the discriminator."""
        return [*self._pretraining(), self._against_discriminator()]

    def _pretraining(self) -> list[Stage]:
        if not self.pretraining_steps:
            return []
        own = (self._optimizers[PRETRAINING],)
        step = step_function(self._squared_error, own, ema=self.ema)
        return [self._stage(PRETRAINING, self.pretraining_steps, step, own)]

    def _against_discriminator(self) -> Stage:
        own = tuple(self._optimizers[name] for name in NETWORKS)
        return self._stage("adversarial", self.steps - self.pretraining_steps, self._step, own)

    def _stage(self, name, steps, step, optimizers) -> Stage:
        start = partial(self._start, optimizers)
        return Stage(name, steps, start, {STEP: step}, optimizers=optimizers)

    def check_data(self, data: Any) -> None:
        """As `Task.check_data`; also where a patch isn't a multiple of the scale.

        Here the features are opened, which training alone needs: who restores pictures doesn't.
        """
        super().check_data(data)
        content_of(self.content, self.features)
        if data.patch_size % self.scale:
            raise ValueError(
                f"data.patch_size={data.patch_size} isn't a multiple of task.scale={self.scale}"
            )

    def apply(self, variables: dict, inputs: dict, scale: int) -> dict[str, jax.Array]:
        """Restores images (N, h, w, 1 or 3), see `train.tasks.super_resolution.enlarge`."""
        estimate = degradations.estimate(self.degradation, inputs["image"])
        network = self.networks[GENERATOR]
        return {"image": enlarge(network, variables[GENERATOR], estimate, scale)}

    def _start(self, optimizers, key, example, previous) -> TrainState:
        state = self._init(key, example) if previous is None else previous
        entries = {}
        for optimizer in optimizers:
            entries |= optimizer.init(state.params)
        return state.replace(opt_state=entries)

    def _init(self, key, example) -> TrainState:
        lr, hr = jax.eval_shape(self._pair, key, example)
        params, collections = {}, {}
        for index, (name, shown) in enumerate(((GENERATOR, lr), (DISCRIMINATOR, hr))):
            own = jax.random.fold_in(key, index)
            variables = dict(self.networks[name].init(own, jnp.zeros(shown.shape)))
            params[name] = variables.pop("params")
            collections[name] = variables
        return states.create(key, params, collections, {}, averaged=tuple(self.ema))

    def _pair(self, key, batch) -> tuple[jax.Array, jax.Array]:
        hr = degradations.reference(self.degradation, batch["image"])
        return degradations.degrade(key, hr, self.degradation, self.scale), hr

    def _squared_error(self, params, collections, key, batch):
        pair_key, key = jax.random.split(key)
        lr, hr = self._pair(pair_key, batch)
        restored, own = self._generate(params, collections, key, lr)
        return mse(restored, hr), ({GENERATOR: own}, {})

    def _step(self, state: TrainState, batch):
        pair_key, generator_key, discriminator_key = jax.random.split(state.step_key(), 3)
        generator, discriminator = (self._optimizers[name] for name in NETWORKS)
        lr, hr = self._pair(pair_key, batch)
        state, metrics = update(
            state, self._restored, generator_key, (lr, hr), (generator,), ema=self.ema
        )
        # What the generator made before it moved.
        pair = (hr, metrics.pop("restored"))
        state, more = update(state, self._told_apart, discriminator_key, pair, (discriminator,))
        return state.replace(step=state.step + 1), {**metrics, **more}

    def _restored(self, params, collections, key, batch):
        """What the generator is worth, and what it made beside parts of that."""
        generator_key, discriminator_key = jax.random.split(key)
        lr, hr = batch
        restored, own = self._generate(params, collections, generator_key, lr)
        judged = collections[DISCRIMINATOR]
        logits, _ = self._judge(params, judged, discriminator_key, restored)
        difference = content_of(self.content, self.features)(restored, hr)
        value = difference + self.adversarial * non_saturating_generator_loss(logits)
        return value, ({GENERATOR: own}, {"content": difference, "restored": restored})

    def _told_apart(self, params, collections, key, batch):
        real, restored = batch
        real_key, fake_key = jax.random.split(key)
        real_logits, own = self._judge(params, collections[DISCRIMINATOR], real_key, real)
        fake_logits, own = self._judge(params, own, fake_key, restored)
        metrics = {"real_logit": jnp.mean(real_logits), "fake_logit": jnp.mean(fake_logits)}
        value = cross_entropy_discriminator_loss(real_logits, fake_logits)
        return value, ({DISCRIMINATOR: own}, metrics)

    def _generate(self, params, collections, key, lr):
        variables = {"params": params[GENERATOR], **collections[GENERATOR]}
        restored, own = apply_in_training(self.networks[GENERATOR], variables, key, lr)
        return restored.astype(jnp.float32), own

    def _judge(self, params, own, key, images):
        """Logits of images in [0, 1], which the discriminator sees in [-1, 1]."""
        variables = {"params": params[DISCRIMINATOR], **own}
        network = self.networks[DISCRIMINATOR]
        return apply_in_training(network, variables, key, 2.0 * images - 1.0, None)

    def _optimizer(self, name: str, section: Mapping) -> Optimizer:
        first = 0 if name == PRETRAINING else self.pretraining_steps
        last = self.pretraining_steps if name == PRETRAINING else self.steps
        return make_optimizer(
            section,
            last - first,
            (DISCRIMINATOR if name == DISCRIMINATOR else GENERATOR,),
            name=name,
            path=f"optimizer.{name}",
            count=lambda step: step - first,
            prefix="discriminator_" if name == DISCRIMINATOR else "",
        )


def _check_roles(networks: Mapping[str, nn.Module]) -> None:
    generator, discriminator = (networks[name] for name in NETWORKS)
    if generator.takes != ("image",) or not hasattr(generator, "scale"):
        found = type(generator).__name__
        raise ValueError(f"model.generator: {found} doesn't enlarge the low-resolution image")
    if not isinstance(discriminator, Discriminator) or discriminator.classes:
        found = type(discriminator).__name__
        raise ValueError(f"model.discriminator: {found} doesn't judge images alone")


def _check_content(name: str, source: str) -> None:
    if (name == PIXELS) != (not source):
        raise ValueError(
            f"task.content={name!r}, task.features={source!r}: wanted {PIXELS!r} alone, or a map "
            "and the network that it is of"
        )


@cache
def content_of(name: str, source: str) -> Content:
    """The content loss of a restored and a true image, both in [0, 1].

    Args:
      name: "mse", or a feature map.
      source: the network whose map it is.

    Raises:
      ValueError: an unknown map, or as `imaging_jax.pretrained.load_features`.
    """
    if name == PIXELS:
        return lambda restored, true: mse(2.0 * restored, 2.0 * true)
    # Weights, also where a step is being traced.
    with jax.ensure_compile_time_eval():
        features = pretrained.load_features(source)
    image = jax.ShapeDtypeStruct((1, 32, 32, 3), jnp.float32)
    look_up(jax.eval_shape(features, image), name, "task.content")
    return partial(content_loss, features=lambda images: features(images)[name])
