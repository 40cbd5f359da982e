"""Images described by sentences: one network, cross-entropy of every word by those before."""

from collections.abc import Mapping
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

from imaging_jax.models.captioning import PAD, Captioned, Captioner, search_captions
from train.data.fields import Field, Fields
from train.tasks.supervised import NETWORK, Supervised


class Captioning(Supervised):
    """Trains a captioner to predict every word of a sentence from the image and the words before.

    Args:
      network: images (N, *image_shape) and tokens (N, T) -> logits and attention.
      optimizer: config section, see `train.state.optimizers.make_optimizer`.
      steps: length of the training.
      attention_weight: of the doubly stochastic term, the mean of (1 - what all words attended)²
        over the grid (Xu et al., ICML 2015, section 4.2.1).
      accumulate: parts a batch is cut into, see `train.state.update.update`.
      ema_decay: of the moving averages; 0 keeps none.

    Raises:
      ValueError: a network that describes no images, a negative weight, or one that isn't 0 of a
        network without attention.
    """

    def __init__(
        self,
        network: nn.Module,
        optimizer: Mapping[str, Any],
        steps: int,
        attention_weight: float = 0.0,
        accumulate: int = 1,
        ema_decay: float = 0.0,
    ):
        if not isinstance(network, Captioner):
            raise ValueError(f"task.name=captioning: {type(network).__name__} describes no images")
        if attention_weight < 0 or (attention_weight and not network.attends):
            raise ValueError(
                f"task.attention_weight={attention_weight}: wanted 0 or more, and 0 where the "
                f"model has no attention, as {type(network).__name__} may"
            )

        def loss(said: Captioned, targets: jax.Array) -> jax.Array:
            value = cross_entropy_of_words(said.logits, targets)
            if not attention_weight:
                return value
            return value + attention_weight * unattended(said.attention, targets)

        super().__init__(network, optimizer, steps, loss, accumulate, ema_decay)

    @property
    def takes(self) -> Fields:
        """Images, and where scores are wanted the tokens of sentences of each."""
        image = Field(self.network.image_shape, "float32", "image", (0.0, 1.0))
        return {"image": image, "tokens": self._tokens(None, self.network.length)}

    @property
    def gives(self) -> Fields:
        """Captions, and what they attended; logits of the token behind each that is given."""
        network = self.network
        told = network.length - 1
        scores = Field((None, told, network.vocabulary_size), "float32", "scores")
        given = {"caption": self._tokens(told), "scores": scores}
        if not network.attends:
            return given
        return given | {"attention": Field((told, *network.grid_shape), "float32", "figure")}

    @property
    def learns(self) -> Fields:
        """Images, and one sentence of each."""
        return {"image": self.takes["image"], "tokens": self._tokens(self.network.length)}

    @property
    def options(self) -> Mapping[str, tuple]:
        """How many beginnings a search keeps; one is greedy."""
        return {"beam": ()}

    def check_data(self, data: Any) -> None:
        """As `Task.check_data`; also where the vocabulary lacks words of the data."""
        super().check_data(data)
        needed, known = data.fields["tokens"].range[1], self.network.vocabulary_size
        if needed > known:
            raise ValueError(f"model.vocabulary_size={known}: the data have {needed} tokens")

    def pair(self, key: jax.Array, batch: dict[str, jax.Array]) -> tuple[tuple, jax.Array]:
        """The images and all tokens but the last, and the token behind each."""
        del key
        return (batch["image"], batch["tokens"][:, :-1]), batch["tokens"][:, 1:]

    def apply(self, variables: dict, inputs: dict, beam: int = 1) -> dict[str, jax.Array]:
        """Describes images (N, H, W, C); scores what stands behind each of tokens (N, R, T)."""
        own, images = variables[NETWORK], inputs["image"]
        found = search_captions(self.network, own, images, beam)
        outputs = {"caption": found.tokens}
        if found.attention is not None:
            outputs["attention"] = found.attention
        if "tokens" in inputs:
            count, rows, length = inputs["tokens"].shape
            tokens = inputs["tokens"].reshape(-1, length)[:, :-1]
            said = self.network.apply(own, jnp.repeat(images, rows, axis=0), tokens)
            outputs["scores"] = said.logits.reshape(count, rows, length - 1, -1)
        return outputs

    def _tokens(self, *shape):
        return Field(shape, "int32", "tokens", (0, self.network.vocabulary_size))


def cross_entropy_of_words(logits: jax.Array, targets: jax.Array) -> jax.Array:
    """The mean surprise, in nats, at the targets (N, T) that aren't PAD."""
    surprise = optax.softmax_cross_entropy_with_integer_labels(logits, targets)
    there = targets != PAD
    return jnp.sum(surprise * there) / jnp.maximum(jnp.sum(there), 1)


def unattended(attention: jax.Array, targets: jax.Array) -> jax.Array:
    """The mean over images and grid of (1 - what the words that aren't PAD attended)²."""
    attended = jnp.sum(attention * (targets != PAD)[..., None, None], axis=1)
    return jnp.mean((1 - attended) ** 2)
