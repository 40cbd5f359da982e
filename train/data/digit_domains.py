"""Two domains of digits drawn on the device, and the pairs that are known of them."""

import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax import synthesis
from train.data.data_set import DataSet, Stacked
from train.data.drawn import Drawn, drawn_kind
from train.data.fields import Field, Fields

_YELLOW, _BLUE = np.array([1.0, 0.9, 0.3], np.float32), np.array([0.1, 0.1, 0.5], np.float32)
# Of the pairs of a set.
_COUNT = 500


class DigitDomains(Drawn):
    """Two domains of drawn digits, unpaired: white on black, and dark blue on yellow.

    Args:
      batch_size: images of each a batch.
      patch_size: their height and width.
    """

    def __init__(self, batch_size: int, patch_size: int):
        self.batch_size = batch_size
        self.patch_size = patch_size

    @property
    def fields(self) -> Fields:
        """Images of three channels."""
        shape = (self.patch_size, self.patch_size, 3)
        return dict.fromkeys(("image", "target"), Field(shape, "float32", "image", (0.0, 1.0)))

    def batch(self, key: jax.Array, inputs: tuple) -> dict[str, jax.Array]:
        """Draws {"image", "target"}, each (batch_size, patch_size, patch_size, 3)."""
        del inputs
        shape = (self.patch_size, self.patch_size)
        image, target = (
            synthesis.digits(k, self.batch_size, shape)[0] for k in jax.random.split(key)
        )
        return {"image": _white_on_black(image), "target": _blue_on_yellow(target)}


def _white_on_black(digits: jax.Array) -> jax.Array:
    return jnp.repeat(digits, 3, axis=-1)


def _blue_on_yellow(digits: jax.Array) -> jax.Array:
    return _YELLOW + digits * (_BLUE - _YELLOW)


def digit_pairs(key: int, side: str) -> DataSet:
    """500 digits drawn by a key, and what each is in the other of `DigitDomains`.

    Raises:
      ValueError: other words than a number of pixels.
    """
    if not side.isdigit():
        raise ValueError(f"digit_pairs:{side}: wanted digit_pairs:<pixels>")
    fields = DigitDomains(1, int(side)).fields
    drawn, _ = synthesis.digits(jax.random.key(key), _COUNT, (int(side), int(side)))
    images = {"image": _white_on_black(drawn), "target": _blue_on_yellow(drawn)}
    arrays = {name: np.asarray(value) for name, value in images.items()}
    name = drawn_kind("digit_pairs", key)
    return Stacked(f"{name}:{side}", fields, arrays)
