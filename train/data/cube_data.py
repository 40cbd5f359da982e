"""Patches of hyperspectral cubes, all bands of each, resident on the device."""

import dataclasses

from train.data.data_sets import data_set
from train.data.fields import CUBE, check_fields
from train.data.resident import ResidentPatches


def cube_patches(images: str, batch_size: int, patch_size: int) -> ResidentPatches:
    """Patches of a cube and a place drawn uniformly, turned and flipped.

    Args:
      images: a set of cubes, such as "cubes:<axis>:<folder>", see `train.data.data_sets.data_set`.
      batch_size: patches a batch.
      patch_size: their height and width in pixels.

    Raises:
      ValueError: a set of something else, cubes of different numbers of bands, or one that is
        smaller than a patch, named.
    """
    source = data_set(images)
    check_fields(source.fields, {"image": CUBE}, f"data.images={images!r}", "cube_patches")
    items = [{"image": source[index]["image"]} for index in range(len(source))]
    bands = items[0]["image"].shape[-1]
    for name, item in zip(source.names, items, strict=True):
        height, width, own = item["image"].shape
        if own != bands:
            raise ValueError(
                f"{source.name}/{name} has {own} bands, {source.names[0]} {bands}; wanted one "
                "number"
            )
        if min(height, width) < patch_size:
            raise ValueError(
                f"{source.name}/{name} is {width}x{height}, smaller than a patch of {patch_size} "
                "(data.patch_size)"
            )
    field = dataclasses.replace(source.fields["image"], shape=(None, None, bands))
    return ResidentPatches({"image": field}, items, batch_size, patch_size, source.assets)
