"""Places and areas whose soil moisture is measured from above, drawn."""

from functools import partial

import jax

from imaging_jax import synthesis
from train.data.data_set import DataSet
from train.data.drawn import HELD_BACK_KEY, TEST_KEY, Drawn, drawn_kind, drawn_set, side_and_count
from train.data.fields import Field, Fields

# The key of each split of places, and how many it has.
_SPLITS = {
    "fit": (2**31 - 3, 8_000),
    "held_back": (HELD_BACK_KEY, 2_000),
    "test": (TEST_KEY, 8_000),
}
_AREAS = 100

PLACE: Fields = {
    "features": Field((8,), "float32", "figure"),
    "target": Field((1,), "float32", "figure"),
    "vegetation": Field((1,), "float32", "figure"),
}
"""What `imaging_jax.synthesis.soil_moisture` draws, of one place."""


def fields_of_areas(side: int | None) -> Fields:
    """What `imaging_jax.synthesis.soil_moisture_field` draws, of so many pixels a side or any."""
    coarse = side and side // synthesis.BLOCK
    return {
        "feature_maps": Field((side, side, 9), "float32", "cube"),
        "target": Field((side, side, 1), "float32", "image"),
        "coarse": Field((coarse, coarse, 1), "float32", "figure"),
        "stations": Field((side, side, 1), "bool", "mask"),
    }


class SoilMoistureFields(Drawn):
    """Areas drawn on the device from the batch's key.

    Args:
      batch_size: areas a batch.
      patch_size: their height and width.
    """

    def __init__(self, batch_size: int, patch_size: int):
        self.batch_size = batch_size
        self.patch_size = patch_size

    @property
    def fields(self) -> Fields:
        """Maps of features, the moisture, its coarse estimate, and where stations are."""
        return fields_of_areas(self.patch_size)

    def batch(self, key: jax.Array, inputs: tuple) -> dict[str, jax.Array]:
        """Draws {field: (batch_size, ...)}."""
        del inputs
        return _areas(key, self.batch_size, self.patch_size)


def soil_moisture(split: str) -> DataSet:
    """Opens a split of generated places: 8,000 to learn from, 2,000 held back, 8,000 to score.

    Raises:
      ValueError: another split.
    """
    if split not in _SPLITS:
        raise ValueError(f"soil_moisture:{split}: wanted soil_moisture:<{' or '.join(_SPLITS)}>")
    key, count = _SPLITS[split]
    return drawn_set(f"soil_moisture:{split}", key, PLACE, partial(_places, count=count))


def soil_moisture_fields(key: int, rest: str) -> DataSet:
    """Opens "<side>[:<count>]": areas by a key that no training has, 100 without.

    Raises:
      ValueError: other words, or a side that isn't a multiple of 4.
    """
    name = drawn_kind("soil_moisture_fields", key)
    numbers = side_and_count(rest.split(":"), _AREAS)
    if numbers is None or numbers[0] % synthesis.BLOCK:
        raise ValueError(
            f"{name}:{rest}: wanted {name}:<pixels a side>[:<count>], by {synthesis.BLOCK}"
        )
    side, count = numbers
    draw = partial(_areas, count=count, side=side)
    return drawn_set(f"{name}:{rest}", key, fields_of_areas(side), draw)


def _places(key, count):
    drawn = synthesis.soil_moisture(key, count)
    return {"features": drawn.features, "target": drawn.moisture, "vegetation": drawn.vegetation}


def _areas(key, count, side):
    draw = jax.vmap(lambda k: synthesis.soil_moisture_field(k, (side, side)))
    drawn = draw(jax.random.split(key, count))
    return {
        "feature_maps": drawn.features,
        "target": drawn.moisture,
        "coarse": drawn.coarse,
        "stations": drawn.stations,
    }
