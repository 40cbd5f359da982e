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
from train.state.train_state import TrainState
from train.tasks.adversarial_checks import check_weights
from train.tasks.image_pool import empty_pool, exchange
from train.tasks.image_translation import GENERATOR, ImageTranslation, roles_of

INVERSE = "inverse_generator"
DISCRIMINATOR, INVERSE_DISCRIMINATOR = "discriminator", "inverse_discriminator"
GENERATORS, DISCRIMINATORS = (GENERATOR, INVERSE), (DISCRIMINATOR, INVERSE_DISCRIMINATOR)
# Of both domains, in the order of the discriminators.
_POOLS = ("target_pool", "image_pool")


class CycleTranslation(ImageTranslation):
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
        of 2. 0 leaves discriminators and pools out.
      cycle: weight of ``mean |F(G(x)) - x| + mean |G(F(y)) - y|``.
      identity: weight of ``mean |G(y) - y| + mean |F(x) - x|``.
      supervised: weight of ``mean (G(x) - y)² + mean (F(y) - x)²``, where x and y are pairs.

    Raises:
      ValueError: networks of other roles or of several dates, or a negative weight.

    Source: Zhu, Park, Isola, Efros, "Unpaired Image-to-Image Translation using Cycle-Consistent
    Adversarial Networks", ICCV 2017; Wang et al., "SAR-to-Optical Image Translation Using
    Supervised Cycle-Consistent Adversarial Networks", IEEE Access 7, 2019 (supervised).
    """

    roles: ClassVar[Mapping[str, type]] = roles_of(GENERATORS, DISCRIMINATORS)
    moved: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "generators": GENERATORS,
        "discriminators": DISCRIMINATORS,
    }

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
        super().__init__(networks, optimizers, steps, ema_decay)
        for name in GENERATORS:
            if dates := networks[name].dates:
                found = f"{type(networks[name]).__name__} of {dates} dates"
                raise ValueError(f"model.{name}: wanted a Translator of one image, got {found}")
        check_weights(
            adversarial=adversarial, cycle=cycle, identity=identity, supervised=supervised
        )
        self.adversarial, self.cycle = adversarial, cycle
        self.identity, self.supervised = identity, supervised

    def _init(self, key, example, previous) -> TrainState:
        del previous
        x, y = (jnp.zeros(example[name].shape) for name in ("image", "target"))
        shown = {GENERATOR: x, INVERSE: y, DISCRIMINATOR: y, INVERSE_DISCRIMINATOR: x}
        pools = [empty_pool(image.shape[1:]) for image in (y, x)]
        return self._start(key, shown, **dict(zip(_POOLS, pools, strict=True)))

    def _step(self, state: TrainState, batch):
        key = state.step_key()
        x, y = (2.0 * batch[name] - 1.0 for name in ("image", "target"))
        state, metrics = self._update(
            state, "generators", lambda params: self._translated(params, key, x, y)
        )
        # What the generators made before they moved.
        fakes = metrics.pop("fakes")
        if self.adversarial:
            state, more = self._discriminate(state, key, (y, x), fakes)
            metrics |= more
        return state.replace(step=state.step + 1), metrics

    def _discriminate(self, state, key, real, fakes):
        """Updates both discriminators on real images and on what the pools give."""
        extras, shown = dict(state.extras), []
        keys = jax.random.split(jax.random.fold_in(key, 1))
        for pool, key, fake in zip(_POOLS, keys, fakes, strict=True):
            extras[pool], image = exchange(key, extras[pool], fake)
            shown.append(image)
        return self._update(
            state.replace(extras=extras),
            "discriminators",
            lambda params: self._told_apart(params, real, shown),
        )

    def _translated(self, params, key, x, y):
        """What both generators are worth, and parts of it beside what they make."""

        def forward(image):
            return self._generate(params, GENERATOR, key, image)

        def back(image):
            return self._generate(params, INVERSE, key, image)

        to_y, to_x = forward(x), back(y)
        cycle = l1(back(to_y), x) + l1(forward(to_x), y)
        value, metrics = self.cycle * cycle, {"cycle": cycle / 2, "fakes": (to_y, to_x)}
        if self.adversarial:
            judged = zip(DISCRIMINATORS, (to_y, to_x), strict=True)
            value += self.adversarial * sum(
                least_squares_generator_loss(self._judge(params, name, image))
                for name, image in judged
            )
        if self.identity:
            value += self.identity * (l1(forward(y), y) + l1(back(x), x))
        if self.supervised:
            error = mse(to_y, y) + mse(to_x, x)
            value += self.supervised * error
            metrics["supervised"] = error
        return value, metrics

    def _told_apart(self, params, real, fake):
        value = sum(
            least_squares_discriminator_loss(
                self._judge(params, name, of_domain), self._judge(params, name, made)
            )
            for name, of_domain, made in zip(DISCRIMINATORS, real, fake, strict=True)
        )
        return value, {}
