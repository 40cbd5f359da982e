"""Fields of climate over terrain, drawn: to train on, and as sets that no training draws."""

import math
from functools import partial

import jax

from imaging_jax import synthesis
from imaging_jax.synthesis import Quantity
from train.data.data_set import DataSet
from train.data.drawn import Drawn, drawn_kind, drawn_set, side_and_count
from train.data.fields import Field, Fields, check_fields

# The values that may come, in K and in mm a day. By them a field tells what it is of.
RANGES = {"precipitation": (0.0, math.inf), "temperature": (150.0, 350.0)}
_COUNT = 32


class ClimateScenes(Drawn):
    """Scenes of `imaging_jax.synthesis.climate_scene` drawn on the device from the batch's key.

    Args:
      batch_size: scenes a batch.
      patch_size: their height and width.
      quantity: what the fields are of.
    """

    def __init__(self, batch_size: int, patch_size: int, quantity: Quantity):
        self.batch_size = batch_size
        self.patch_size = patch_size
        self.quantity = quantity

    @property
    def fields(self) -> Fields:
        """Terrain, and the field over it."""
        return fields_of_scenes(self.quantity, self.patch_size)

    def batch(self, key: jax.Array, inputs: tuple) -> dict[str, jax.Array]:
        """Draws {"terrain", "field"}, each (batch_size, patch_size, patch_size, 1)."""
        del inputs
        return _drawn(key, self.batch_size, self.patch_size, self.quantity)


def fields_of_scenes(quantity: Quantity, side: int | None = None) -> Fields:
    """What scenes of so many pixels a side hold; None for any."""
    return {"terrain": terrain_of(side), "field": field_of(quantity, side)}


def terrain_of(side: int | None = None) -> Field:
    """Heights in [0, 1]."""
    return Field((side, side, 1), "float32", "image", (0.0, 1.0))


def field_of(quantity: Quantity | None, side: int | None = None) -> Field:
    """Values in physical units; None for those of any quantity."""
    return Field((side, side, 1), "float32", "image", quantity and RANGES[quantity])


def check_scenes(given: Fields, wanted: Fields, scale: int, what: str, whom: str) -> None:
    """Raises a ValueError where fields that are wanted are missing, or of another quantity or size.

    Args:
      given: what there is.
      wanted: what must be there; of any quantity where the range is open.
      scale: must divide the sides.
      what: who gives, for the message.
      whom: who wants.
    """
    check_fields(given, wanted, what, whom)
    names = {range_: name for name, range_ in RANGES.items()}
    ours, theirs = wanted["field"].range, given["field"].range
    if ours and theirs != ours:
        found = names.get(theirs, f"values in {theirs}")
        raise ValueError(f"{what}: field is of {found}, {whom} wants {names[ours]}")
    sides = given["field"].shape[:2]
    if any(side is not None and side % scale for side in sides):
        raise ValueError(
            f"{what}: field is {given['field']}; {whom} wants sides that are multiples of "
            f"scale={scale}"
        )


def climate_scenes(key: int, rest: str) -> DataSet:
    """Opens "<quantity>:<side>[:<count>]": scenes by a key that no training has, 32 or as asked.

    Raises:
      ValueError: other words.
    """
    name = drawn_kind("climate_scenes", key)
    quantity, *words = rest.split(":")
    numbers = side_and_count(words, _COUNT)
    if quantity not in RANGES or numbers is None:
        wanted = f"{name}:<{' or '.join(RANGES)}>:<pixels a side>[:<count>]"
        raise ValueError(f"{name}:{rest}: wanted {wanted}")
    side, count = numbers
    draw = partial(_drawn, count=count, side=side, quantity=quantity)
    return drawn_set(f"{name}:{rest}", key, fields_of_scenes(quantity, side), draw)


def _drawn(key, count, side, quantity):
    draw = jax.vmap(lambda k: synthesis.climate_scene(k, (side, side), quantity))
    return draw(jax.random.split(key, count))._asdict()
