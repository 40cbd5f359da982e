"""A network that makes an image of what is given, against one that tells pairs from true ones."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import flax.linen as nn
import jax
import jax.numpy as jnp

from imaging_jax.losses import ADVERSARIAL_LOSSES, l1
from imaging_jax.models.translation import dates_as_channels
from train.config.registry import look_up
from train.state.train_state import TrainState
from train.tasks.adversarial_checks import check_weights
from train.tasks.image_translation import GENERATOR, ImageTranslation, roles_of

DISCRIMINATOR = "discriminator"


class Translation(ImageTranslation):
    """pix2pix: pairs of a given image and the one it should become; STGAN: of several dates.

    A step updates the discriminator on the true pair and on that with the generated image, and then
    the generator through the updated discriminator. The paper halves the discriminator's loss,
    which Adam doesn't see.

    Args:
      networks: "generator" and "discriminator".
      optimizers: config sections by network, see `train.state.optimizers.make_optimizer`.
      steps: length of the training.
      ema_decay: of the moving averages of the generator; 0 keeps none.
      loss: a name of `imaging_jax.losses.ADVERSARIAL_LOSSES`.
      adversarial: weight of the generator's adversarial loss; 0 leaves the discriminator out.
      l1: weight of the mean absolute difference.
      conditional: whether the discriminator sees the given image, or all dates, beside the other.

    Raises:
      ValueError: networks of other roles, an unknown loss, or a negative weight.

    Source: Isola, Zhu, Zhou, Efros, "Image-to-Image Translation with Conditional Adversarial
    Networks", CVPR 2017; Sarukkai, Jain, Uzkent, Ermon, "Cloud Removal in Satellite Images Using
    Spatiotemporal Generative Networks", WACV 2020.
    """

    roles: ClassVar[Mapping[str, type]] = roles_of((GENERATOR,), (DISCRIMINATOR,))
    moved: ClassVar[Mapping[str, tuple[str, ...]]] = {
        GENERATOR: (GENERATOR,),
        DISCRIMINATOR: (DISCRIMINATOR,),
    }

    def __init__(
        self,
        networks: Mapping[str, nn.Module],
        optimizers: Mapping[str, Any],
        steps: int,
        ema_decay: float,
        loss: str = "non_saturating",
        adversarial: float = 1.0,
        l1: float = 100.0,
        conditional: bool = True,
    ):
        super().__init__(networks, optimizers, steps, ema_decay)
        losses = look_up(ADVERSARIAL_LOSSES, loss, "task.loss")
        check_weights(adversarial=adversarial, l1=l1)
        self.discriminator_loss, self.generator_loss = losses
        self.adversarial, self.l1 = adversarial, l1
        self.conditional = conditional

    def _init(self, key, example, previous) -> TrainState:
        del previous
        given, target = (jnp.zeros(example[name].shape) for name in (self.given, "target"))
        return self._start(key, {GENERATOR: given, DISCRIMINATOR: self._seen(given, target)})

    def _step(self, state: TrainState, batch):
        key = state.step_key()
        given, target = (2.0 * batch[name] - 1.0 for name in (self.given, "target"))
        fake, generate = _made_once(
            lambda params: self._generate({GENERATOR: params}, GENERATOR, key, given),
            state.params[GENERATOR],
        )
        metrics = {}
        if self.adversarial:
            state, metrics = self._update(
                state, DISCRIMINATOR, lambda params: self._told_apart(params, given, target, fake)
            )
        state, more = self._update(
            state,
            GENERATOR,
            lambda params: self._translated(params, given, target, generate(params[GENERATOR])),
        )
        return state.replace(step=state.step + 1), {**metrics, **more}

    def _told_apart(self, params, given, target, fake):
        real, false = (
            self._judge(params, DISCRIMINATOR, self._seen(given, x)) for x in (target, fake)
        )
        metrics = {"real_logit": jnp.mean(real), "fake_logit": jnp.mean(false)}
        return self.discriminator_loss(real, false), metrics

    def _translated(self, params, given, target, fake):
        difference = l1(fake, target)
        value = self.l1 * difference
        if self.adversarial:
            logits = self._judge(params, DISCRIMINATOR, self._seen(given, fake))
            value += self.adversarial * self.generator_loss(logits)
        return value, {"l1": difference}

    def _seen(self, given: jax.Array, image: jax.Array) -> jax.Array:
        """What the discriminator sees of a pair."""
        if not self.conditional:
            return image
        if given.ndim > image.ndim:
            given = dates_as_channels(given)
        return jnp.concatenate([given, image], axis=-1)


def _made_once(
    make: Callable[[Any], jax.Array], params: Any
) -> tuple[jax.Array, Callable[[Any], jax.Array]]:
    """What a function makes of these parameters, and the function at these parameters alone.

    What it is called with later isn't looked at, and what its gradient needs is kept meanwhile. It
    gives what was made, and its gradient by the same forward pass: where two losses look at
    one image, the compiler doesn't merge the passes.
    """
    made, pull_back = jax.vjp(make, params)
    again = jax.custom_vjp(lambda _: made)
    again.defvjp(lambda _: (made, None), lambda _, cotangent: pull_back(cotangent))
    return made, again
