"""What networks that learn without labels have in common, by which tasks know them."""

from abc import abstractmethod

import jax
from flax import linen as nn


class Encoder(nn.Module):
    """Makes features of images, which serve other tasks once it is trained."""

    @abstractmethod
    def encode(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Maps images ``(N, H, W, C)`` to float32 features ``(N, D)``."""
