"""Images told apart: one network, cross-entropy of its logits."""

from collections.abc import Mapping
from typing import Any

import flax.linen as nn
import jax
import optax

from imaging_jax.models.classification import Classifier
from train.data.fields import Field, Fields
from train.tasks.supervised import NETWORK, Supervised


class Classification(Supervised):
    """Trains a classifier on images and their labels.

    Args:
      network: images (N, *image_shape) -> logits (N, classes).
      optimizer: config section, see `train.state.optimizers.make_optimizer`.
      steps: length of the training.
      label_smoothing: share of the target that all classes have alike (Szegedy et al., CVPR 2016).
      accumulate: parts a batch is cut into, see `train.state.update.update`.
      ema_decay: of the moving averages; 0 keeps none.

    Raises:
      ValueError: a network that is no classifier, or a share outside [0, 1).
    """

    def __init__(
        self,
        network: nn.Module,
        optimizer: Mapping[str, Any],
        steps: int,
        label_smoothing: float = 0.0,
        accumulate: int = 1,
        ema_decay: float = 0.0,
    ):
        if not isinstance(network, Classifier):
            raise ValueError(
                f"task.name=classification: {type(network).__name__} tells no classes apart"
            )
        if not 0 <= label_smoothing < 1:
            raise ValueError(f"task.label_smoothing={label_smoothing}: wanted in [0, 1)")

        def smoothed(logits: jax.Array, labels: jax.Array) -> jax.Array:
            even = -jax.nn.log_softmax(logits).mean()
            own = cross_entropy(logits, labels)
            return (1 - label_smoothing) * own + label_smoothing * even

        loss = smoothed if label_smoothing else cross_entropy
        super().__init__(network, optimizer, steps, loss, accumulate, ema_decay)

    @property
    def takes(self) -> Fields:
        """Images."""
        return {"image": Field(self.network.image_shape, "float32", "image", (0.0, 1.0))}

    @property
    def gives(self) -> Fields:
        """Logits of the classes."""
        return {"scores": Field((self.network.classes,), "float32", "scores")}

    @property
    def learns(self) -> Fields:
        """Images and their labels."""
        return {**self.takes, "label": Field((), "int32", "label", (0, self.network.classes))}

    def pair(self, key: jax.Array, batch: dict[str, jax.Array]) -> tuple[tuple, jax.Array]:
        """The images, and their labels."""
        del key
        return (batch["image"],), batch["label"]

    def apply(self, variables: dict, inputs: dict) -> dict[str, jax.Array]:
        """Scores images (N, H, W, C)."""
        return {"scores": self.network.apply(variables[NETWORK], inputs["image"])}


def cross_entropy(logits: jax.Array, labels: jax.Array) -> jax.Array:
    """The mean surprise, in nats, at labels (...) by logits (..., classes)."""
    return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()
