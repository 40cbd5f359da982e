"""Pairs drawn on the device: dead leaves, and what a sensor or the weather makes of them."""

from collections.abc import Callable
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax import synthesis
from train.data.data_set import DataSet, Stacked
from train.data.drawn import Drawn
from train.data.fields import Field, Fields

# (key, image (H, W, 3)) -> what is given of it.
GIVEN: dict[str, Callable[[jax.Array, jax.Array], jax.Array]] = {
    "clouds": synthesis.clouded,
    "edges": lambda _, x: synthesis.edge_map(x),
    "labels": lambda _, x: synthesis.label_map(x),
    "radar": synthesis.radar_like,
}
_YELLOW, _BLUE = np.array([1.0, 0.9, 0.3], np.float32), np.array([0.1, 0.1, 0.5], np.float32)
_COUNT, _KEY = 16, 2**31 - 1
_LEAVES = {"leaves": 60, "radius": (4.0, 60.0), "blur": 0.4, "texture": 0.1}


class DrawnPairs(Drawn):
    """Dead-leaves images as targets, and what is given of them.

    Args:
      batch_size: pairs a batch.
      patch_size: their height and width.
      given: a name of GIVEN.
    """

    def __init__(
        self,
        batch_size: int,
        patch_size: int,
        given: Literal["clouds", "edges", "labels", "radar"],
    ):
        self.batch_size = batch_size
        self.patch_size = patch_size
        self._given = GIVEN[given]

    @property
    def fields(self) -> Fields:
        """Both images, in [0, 1]."""
        item = jax.eval_shape(self._draw, jax.random.key(0))
        return {
            name: Field(value.shape, "float32", "image", (0.0, 1.0)) for name, value in item.items()
        }

    def batch(self, key: jax.Array, inputs: tuple) -> dict[str, jax.Array]:
        """Draws {"image", "target"}, each (batch_size, patch_size, patch_size, 3)."""
        del inputs
        return jax.vmap(self._draw)(jax.random.split(key, self.batch_size))

    def _draw(self, key: jax.Array) -> dict[str, jax.Array]:
        scene, sensor = jax.random.split(key)
        target = synthesis.dead_leaves(scene, (self.patch_size, self.patch_size), **_LEAVES)
        # Grey ones in three channels, as files of them have.
        given = jnp.broadcast_to(self._given(sensor, target), target.shape)
        return {"image": given, "target": target}


class DigitDomains(Drawn):
    """Two domains of drawn digits, unpaired: white on black, and dark blue on yellow.

    Args:
      batch_size: images of each a batch.
      size: their height and width.
    """

    def __init__(self, batch_size: int, size: int = 28):
        self.batch_size = batch_size
        self.size = size

    @property
    def fields(self) -> Fields:
        """Images of three channels."""
        shape = (self.size, self.size, 3)
        return dict.fromkeys(("image", "target"), Field(shape, "float32", "image", (0.0, 1.0)))

    def batch(self, key: jax.Array, inputs: tuple) -> dict[str, jax.Array]:
        """Draws {"image", "target"}, each (batch_size, size, size, 3)."""
        del inputs
        shape = (self.size, self.size)
        image, target = (
            synthesis.digits(k, self.batch_size, shape)[0] for k in jax.random.split(key)
        )
        return {"image": _white_on_black(image), "target": _blue_on_yellow(target)}


def _white_on_black(digits: jax.Array) -> jax.Array:
    return jnp.repeat(digits, 3, axis=-1)


def _blue_on_yellow(digits: jax.Array) -> jax.Array:
    return _YELLOW + digits * (_BLUE - _YELLOW)


def digit_pairs(side: str) -> DataSet:
    """500 digits that no training draws, and what each is in the other of `DigitDomains`.

    Raises:
      ValueError: other words than a number of pixels.
    """
    if not side.isdigit():
        raise ValueError(f"digit_pairs:{side}: wanted digit_pairs:<pixels>")
    fields = DigitDomains(1, int(side)).fields
    drawn, _ = synthesis.digits(jax.random.key(_KEY), 500, (int(side), int(side)))
    images = {"image": _white_on_black(drawn), "target": _blue_on_yellow(drawn)}
    arrays = {name: np.asarray(value) for name, value in images.items()}
    return Stacked(f"digit_pairs:{side}", fields, arrays)


def drawn_pairs(rest: str) -> DataSet:
    """Opens "<given>:<side>": 16 pairs that no training draws.

    Raises:
      ValueError: other words.
    """
    given, _, side = rest.partition(":")
    if given not in GIVEN or not side.isdigit():
        raise ValueError(f"drawn_pairs:{rest}: wanted drawn_pairs:<{', '.join(GIVEN)}>:<pixels>")
    source = DrawnPairs(_COUNT, int(side), given)
    drawn = jax.jit(source.batch)(jax.random.key(_KEY), ())
    arrays = {name: np.asarray(values) for name, values in drawn.items()}
    return Stacked(f"drawn_pairs:{rest}", source.fields, arrays)
