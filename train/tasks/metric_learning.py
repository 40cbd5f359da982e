"""Images described by vectors that are near each other within a class."""

from collections.abc import Mapping
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from imaging_jax.losses import pairwise_hash_loss, semi_hard_triplet_loss
from imaging_jax.models.retrieval import DescriptorNet
from train.data.fields import Field, Fields
from train.tasks.supervised import NETWORK, Supervised


class MetricLearning(Supervised):
    """Trains a network on batches of several images of a class.

    Vectors of length 1 are trained by semi-hard triplets, bounded ones as bits.

    Args:
      network: a `DescriptorNet`.
      optimizer: config section, see `train.state.optimizers.make_optimizer`.
      steps: length of the training.
      margin: of triplets, in squared distance; of vectors of length 1 alone.
      accumulate: 1.
      ema_decay: of the moving averages; 0 keeps none.

    Raises:
      ValueError: another network, a margin that isn't positive, or a batch in parts, of which none
        would hold two images of a class.
    """

    def __init__(
        self,
        network: nn.Module,
        optimizer: Mapping[str, Any],
        steps: int,
        margin: float = 0.2,
        accumulate: int = 1,
        ema_decay: float = 0.0,
    ):
        if not isinstance(network, DescriptorNet):
            raise ValueError(
                f"task.name=metric_learning: {type(network).__name__} describes no images"
            )
        if accumulate != 1:
            raise ValueError(f"train.accumulate={accumulate}: metric_learning takes 1")
        if margin <= 0:
            raise ValueError(f"task.margin={margin}: wanted above 0")

        def loss(vectors: jax.Array, labels: jax.Array) -> jax.Array:
            if network.binary:
                return pairwise_hash_loss(vectors, labels)
            return semi_hard_triplet_loss(vectors, labels, margin)

        super().__init__(network, optimizer, steps, loss, accumulate, ema_decay)

    @property
    def takes(self) -> Fields:
        """Images."""
        return {"image": Field(self.network.image_shape, "float32", "image", (0.0, 1.0))}

    @property
    def gives(self) -> Fields:
        """Vectors, or bits as -1 and 1."""
        return {"codes": Field((self.network.dimension,), "float32", "latent")}

    @property
    def learns(self) -> Fields:
        """Images and their labels."""
        return {**self.takes, "label": Field((), "int32", "label")}

    def pair(self, key: jax.Array, batch: dict[str, jax.Array]) -> tuple[tuple, jax.Array]:
        """The images, and their labels."""
        del key
        return (batch["image"],), batch["label"]

    def apply(self, variables: dict, inputs: dict) -> dict[str, jax.Array]:
        """Describes images (N, H, W, C)."""
        codes = self.network.apply(variables[NETWORK], inputs["image"])
        return {"codes": jnp.where(codes > 0, 1.0, -1.0) if self.network.binary else codes}
