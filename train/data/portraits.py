"""Portraits and who is on them, drawn: to train on, and as sets that no training draws."""

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from imaging_jax import synthesis
from train.data.data_set import DataSet
from train.data.drawn import Drawn, drawn_kind, drawn_set, side_and_count
from train.data.fields import Field, Fields

# Heights of the heads, in heights of the image.
SIZES = {"large": (0.3, 0.55), "small": (0.07, 0.13)}
_CLASSES = ["ground", "person"]
_COUNT = 500


class Portraits(Drawn):
    """Portraits of `imaging_jax.synthesis.portrait` drawn on the device from the batch's key.

    Args:
      batch_size: portraits a batch.
      patch_size: their height and width.
      person: "large", or "small", who covers less than a twentieth.
    """

    assets: ClassVar[Mapping[str, Any]] = {"classes": _CLASSES}

    def __init__(self, batch_size: int, patch_size: int, person: str = "large"):
        if person not in SIZES:
            raise ValueError(f"data.person={person!r}: known are {', '.join(SIZES)}")
        self.batch_size = batch_size
        self.patch_size = patch_size
        self.person = person

    @property
    def fields(self) -> Fields:
        """The portrait, and which pixels are of the person."""
        return _fields(self.patch_size)

    def batch(self, key: jax.Array, inputs: tuple) -> dict[str, jax.Array]:
        """Draws {"image" in [0, 1], "mask" uint8}, (batch_size, patch_size, patch_size, …)."""
        del inputs
        return _drawn(key, self.batch_size, self.patch_size, self.person)


def portraits(key: int, rest: str) -> DataSet:
    """Opens "<large or small>:<side>[:<count>]": 500 portraits, or as many, by a key of their own.

    Raises:
      ValueError: other words.
    """
    name = drawn_kind("portraits", key)
    person, *words = rest.split(":")
    numbers = side_and_count(words, _COUNT)
    if person not in SIZES or numbers is None:
        wanted = f"{name}:<{' or '.join(SIZES)}>:<pixels a side>[:<count>]"
        raise ValueError(f"{name}:{rest}: wanted {wanted}")
    side, count = numbers
    draw = partial(_drawn, count=count, side=side, person=person)
    return drawn_set(f"{name}:{rest}", key, _fields(side), draw, {"classes": _CLASSES})


def _fields(side: int) -> Fields:
    return {
        "image": Field((side, side, 3), "float32", "image", (0.0, 1.0)),
        "mask": Field((side, side, 1), "uint8", "class_map", (0, len(_CLASSES))),
    }


def _drawn(key, count, side, person):
    draw = jax.vmap(lambda k: synthesis.portrait(k, (side, side), SIZES[person]))
    image, mask = draw(jax.random.split(key, count))
    return {"image": image, "mask": mask[..., None].astype(jnp.uint8)}
