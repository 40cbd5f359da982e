"""Tiles of satellite scenes, resident on the device or drawn, each under another light."""

from collections.abc import Iterator
from typing import Any

import jax

from train.data.change_sets import DRAWN_BANDS, changed_light, drawn_reflectances
from train.data.data_sets import data_set
from train.data.drawn import Drawn
from train.data.fields import CUBE, Fields, check_fields, cubes_of
from train.data.resident import ResidentPatches


class LitTiles:
    """The tiles of a source, of which each gets another gain and offset.

    Args:
      source: of "image", reflectances.
      bands: names of the bands.
    """

    def __init__(self, source: Any, bands: list[str]):
        self._source = source
        self.batch_size, self.patch_size = source.batch_size, source.patch_size
        self.streamed, self.fields = source.streamed, source.fields
        self.assets = {"bands": bands}

    def inputs(self, step: int, mesh) -> Iterator:
        """The source's."""
        return self._source.inputs(step, mesh)

    def input_shapes(self, mesh) -> Any:
        """The source's."""
        return self._source.input_shapes(mesh)

    def batch(self, key: jax.Array, inputs: Any) -> dict[str, jax.Array]:
        """Makes {"image": (batch_size, patch_size, patch_size, bands)}, reflectances."""
        tile_key, light_key = jax.random.split(key)
        tiles = self._source.batch(tile_key, inputs)["image"]
        return {"image": changed_light(light_key, tiles)}


class _DrawnTiles(Drawn):
    def __init__(self, batch_size: int, patch_size: int):
        self.batch_size, self.patch_size = batch_size, patch_size

    @property
    def fields(self) -> Fields:
        return {"image": cubes_of(len(DRAWN_BANDS), self.patch_size, self.patch_size)}

    def batch(self, key: jax.Array, inputs: tuple) -> dict[str, jax.Array]:
        del inputs
        draw = jax.vmap(lambda k: drawn_reflectances(k, self.patch_size))
        return {"image": draw(jax.random.split(key, self.batch_size))}


def drawn_tiles(batch_size: int, patch_size: int) -> LitTiles:
    """Tiles of four bands, drawn.

    Args:
      batch_size: tiles a batch.
      patch_size: their height and width.
    """
    return LitTiles(_DrawnTiles(batch_size, patch_size), list(DRAWN_BANDS))


def scene_tiles(images: str, batch_size: int, patch_size: int) -> LitTiles:
    """Tiles of scenes, at a place drawn uniformly.

    Args:
      images: a set of reflectances whose bands have names, see `train.data.data_sets.data_set`.
      batch_size: tiles a batch.
      patch_size: their height and width.

    Raises:
      ValueError: another set, or a scene smaller than a tile.
    """
    source = data_set(images)
    check_fields(source.fields, {"image": CUBE}, f"data.images={images!r}", "this source")
    if "bands" not in source.assets:
        raise ValueError(f"data.images={images!r}: its bands have no names")
    items = [{"image": source[index]["image"]} for index in range(len(source))]
    least = min(min(item["image"].shape[:2]) for item in items)
    if least < patch_size:
        raise ValueError(f"data.patch_size={patch_size}: {source.name} has scenes of {least}")
    fields = {"image": source.fields["image"]}
    patches = ResidentPatches(fields, items, batch_size, patch_size, {})
    return LitTiles(patches, source.assets["bands"])
