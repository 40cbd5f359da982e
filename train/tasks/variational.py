"""Autoencoders whose codes are drawn, trained on a bound of the likelihood."""

from collections.abc import Mapping
from typing import Any

import flax.linen as nn
import jax

from imaging_jax.losses import (
    binary_cross_entropy,
    gaussian_kl,
)
from train.data.fields import Field, Fields
from train.state.stage import STEP, Stage
from train.tasks.autoencoder_task import AUTOENCODER, AutoencoderTask

_NATS = Field((), "float32", "figure")
FIGURES = {"bce": _NATS, "kl_nats": _NATS, "negative_elbo": _NATS}


class Variational(AutoencoderTask):
    """Trains a variational autoencoder on minus its evidence lower bound.

    Args:
      network: (images, key) -> (logits, mean, log-variance).
      optimizer: config section, see `train.state.optimizers.make_optimizer`.
      steps: length of the training.
      beta: weight of the Kullback-Leibler divergence; 1 makes the loss minus the bound.

    Raises:
      ValueError: a negative `beta`.
    """

    def __init__(
        self, network: nn.Module, optimizer: Mapping[str, Any], steps: int, beta: float = 1.0
    ):
        if "key" not in network.takes:
            raise ValueError(f"task.name=variational: {type(network).__name__} draws no codes")
        super().__init__(network, optimizer, steps)
        if beta < 0:
            raise ValueError(f"task.beta={beta}: wanted at least 0")
        self.beta = beta

    @property
    def takes(self) -> Fields:
        """Images, or latent vectors to be decoded."""
        return {**super().takes, "latent": Field((self.network.latent,), "float32", "latent")}

    @property
    def gives(self) -> Fields:
        """Images, and what the bound of those given back is made of."""
        return {"image": self.image, **FIGURES}

    @property
    def stages(self) -> list[Stage]:
        """One stage with one step function."""
        step = self._step(self._loss, self.optimizer)
        own = (self.optimizer,)
        return [Stage("train", self.steps, self._init, {STEP: step}, optimizers=own)]

    def _loss(self, params, key, images):
        logits, mean, log_variance = self._apply(params, images, key)
        return binary_cross_entropy(logits, images) + self.beta * gaussian_kl(mean, log_variance)

    def apply(self, variables: dict, inputs: dict) -> dict[str, jax.Array]:
        """Decodes latent vectors where there are any, else see `measured`."""
        own = variables[AUTOENCODER]
        if "latent" in inputs:
            return {"image": self.network.apply(own, inputs["latent"], method="decode")}
        return measured(self.network, own, inputs["image"])


def measured(network: nn.Module, variables: Any, images: jax.Array) -> dict[str, jax.Array]:
    """Gives back images (N, H, W, C) by a variational autoencoder, and measures the bound.

    Returns:
      {"image", the decoded means, and in nats of each image "bce" of those, "kl_nats", and
      "negative_elbo" of a latent vector drawn for it}.
    """
    logits, mean, log_variance = network.apply(variables, images, jax.random.key(0))
    of_means = network.apply(variables, mean, method="decode_logits")
    kl = jax.vmap(gaussian_kl)(mean[:, None], log_variance[:, None])
    bce = jax.vmap(binary_cross_entropy)
    return {
        "image": nn.sigmoid(of_means),
        "bce": bce(of_means[:, None], images[:, None]),
        "kl_nats": kl,
        "negative_elbo": bce(logits[:, None], images[:, None]) + kl,
    }
