"""What every random change of images is."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import jax
import jax.numpy as jnp


@dataclass(frozen=True)
class Augmentation(ABC):
    """A change that each image undergoes with a probability.

    Attributes:
      probability: of the change.
    """

    probability: float

    def __call__(self, key: jax.Array, item: dict[str, jax.Array]) -> dict[str, jax.Array]:
        """Changes one image (H, W, C), and maps beside it, or leaves them."""
        whether, how = jax.random.split(key)
        drawn = jax.random.bernoulli(whether, self.probability)
        by_name = {name: self.change_map for name in item} | {"image": self.change}
        return {name: jnp.where(drawn, by_name[name](how, x), x) for name, x in item.items()}

    @abstractmethod
    def change(self, key: jax.Array, x: jax.Array) -> jax.Array:
        """Changes an image."""

    def change_map(self, key: jax.Array, x: jax.Array) -> jax.Array:
        """Changes a map of the image's pixels, which a change of levels leaves."""
        del key
        return x


def uniform(key: jax.Array, ends: tuple[float, float]) -> jax.Array:
    """A number between the ends."""
    return jax.random.uniform(key, minval=ends[0], maxval=ends[1])
