"""Textures of ten kinds, drawn: batches of some of each of some kinds, and sets with labels."""

import jax
import jax.numpy as jnp

from imaging_jax.synthesis import TEXTURES, oriented_texture
from train.data.data_set import Stacked
from train.data.drawn import Drawn, drawn_kind, drawn_set, side_and_count
from train.data.fields import Field, Fields

# Of each kind in a set.
_COUNT = 60


class Textures(Drawn):
    """Textures drawn on the device from the batch's key: of so many kinds, equally many of each.

    Args:
      batch_size: images a batch, a multiple of the kinds.
      patch_size: their height and width.
      kinds: different ones in a batch, 2 to 10.

    Raises:
      ValueError: other numbers.
    """

    def __init__(self, batch_size: int, patch_size: int, kinds: int = 8):
        if not 2 <= kinds <= TEXTURES:
            raise ValueError(f"data.kinds={kinds}: wanted 2 to {TEXTURES}")
        if batch_size % kinds:
            raise ValueError(f"data.batch_size={batch_size} isn't a multiple of kinds={kinds}")
        self.batch_size, self.patch_size, self.kinds = batch_size, patch_size, kinds

    @property
    def fields(self) -> Fields:
        """Grey images and their labels."""
        return _fields(self.patch_size)

    def batch(self, key: jax.Array, inputs: tuple) -> dict[str, jax.Array]:
        """Draws {"image": (N, H, W, 1), "label": (N,)}."""
        del inputs
        which, draw = jax.random.split(key)
        kinds = jax.random.permutation(which, TEXTURES)[: self.kinds]
        return _drawn(draw, jnp.repeat(kinds, self.batch_size // self.kinds), self.patch_size)


def textures(key: int, rest: str) -> Stacked:
    """Opens "<pixels a side>[:<of each kind>]": textures drawn by a key.

    Raises:
      ValueError: other words.
    """
    kind = drawn_kind("textures", key)
    found = side_and_count(rest.split(":"), _COUNT)
    if found is None:
        raise ValueError(f"{kind}:{rest}: wanted {kind}:<pixels a side>[:<of each kind>]")
    side, count = found
    labels = jnp.repeat(jnp.arange(TEXTURES), count)
    classes = [f"texture {index}" for index in range(TEXTURES)]
    draw = lambda k: _drawn(k, labels, side)  # noqa: E731
    return drawn_set(f"{kind}:{rest}", key, _fields(side), draw, {"classes": classes})


def _fields(side: int) -> Fields:
    return {
        "image": Field((side, side, 1), "float32", "image", (0.0, 1.0)),
        "label": Field((), "int32", "label", (0, TEXTURES)),
    }


def _drawn(key: jax.Array, labels: jax.Array, side: int) -> dict[str, jax.Array]:
    keys = jax.random.split(key, len(labels))
    images = jax.vmap(lambda k, label: oriented_texture(k, label, (side, side)))(keys, labels)
    return {"image": images, "label": labels.astype(jnp.int32)}
