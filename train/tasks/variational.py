"""Autoencoders whose codes are drawn, trained on a bound of the likelihood."""

from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import Any, ClassVar

import flax.linen as nn
import jax

from imaging_jax.losses import (
    binary_cross_entropy,
    gaussian_kl,
)
from train.state.devices import at_highest_precision
from train.state.stage import Stage
from train.state.train_state import TrainState
from train.tasks.reproducing import AUTOENCODER, Reproducing


class Variational(Reproducing):
    """Trains a variational autoencoder on minus its evidence lower bound.

    Args:
      network: (images, key) -> (logits, mean, log-variance).
      optimizer: config section, see `train.state.optimizers.make_optimizer`.
      steps: length of the training.
      beta: weight of the Kullback-Leibler divergence; 1 makes the loss minus the bound.

    Raises:
      ValueError: a negative `beta`.
    """

    corrupts: ClassVar[bool] = False
    classes: ClassVar[int] = 0

    def __init__(
        self, network: nn.Module, optimizer: Mapping[str, Any], steps: int, beta: float = 1.0
    ):
        if not getattr(network, "takes_key", False):
            raise ValueError(f"task.name=variational: {type(network).__name__} draws no codes")
        super().__init__(network, optimizer, steps)
        if beta < 0:
            raise ValueError(f"task.beta={beta}: wanted at least 0")
        self.beta = beta

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of what is drawn."""
        return self.network.image_shape

    @property
    def latent(self) -> int:
        """Numbers in the vector that an image is drawn from."""
        return self.network.latent

    @property
    def stages(self) -> list[Stage]:
        """One stage with one step function."""
        return [
            Stage(
                "train",
                self.steps,
                self._init,
                (self._step(self._loss, self.optimizer, self.schedule),),
            )
        ]

    def _loss(self, params, key, images):
        logits, mean, log_variance = self._apply(params, images, key)
        return binary_cross_entropy(logits, images) + self.beta * gaussian_kl(mean, log_variance)

    def reconstruct(self, state: TrainState, images: jax.Array) -> tuple[jax.Array, dict]:
        """Decodes the means of images (N, H, W, C), and measures the bound in nats an image."""
        reproduced, scores = self._compiled(state.params[AUTOENCODER], images)
        return reproduced, {name: float(value) for name, value in scores.items()}

    @cached_property
    def _compiled(self) -> Callable:
        return at_highest_precision(jax.jit(partial(bound, self.network)))

    def sample(self, state: TrainState, z: jax.Array, labels: jax.Array | None = None) -> jax.Array:
        """Decodes z (N, latent) to images (N, H, W, C) in [0, 1]."""
        del labels
        return self._decode(state.params[AUTOENCODER], z)

    @cached_property
    def _decode(self) -> Callable:
        return at_highest_precision(jax.jit(partial(self._apply, method="decode")))


def bound(network: nn.Module, params: Any, images: jax.Array) -> tuple[jax.Array, dict]:
    """Reproduces images by a variational autoencoder and measures it.

    Returns:
      The decoded means, and in nats an image {"bce" of those, "kl_nats", "negative_elbo" of a
      latent vector drawn for each}.
    """
    variables = {"params": params}
    logits, mean, log_variance = network.apply(variables, images, jax.random.key(0))
    kl = gaussian_kl(mean, log_variance)
    of_means = network.apply(variables, mean, method="decode_logits")
    return nn.sigmoid(of_means), {
        "bce": binary_cross_entropy(of_means, images),
        "kl_nats": kl,
        "negative_elbo": binary_cross_entropy(logits, images) + kl,
    }
