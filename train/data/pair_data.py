"""Patches of what is given and of targets, paired or of two sets, resident on the device."""

import dataclasses
from collections.abc import Iterator

import jax

from train.config.registry import look_up
from train.data.data_set import DataSet
from train.data.data_sets import data_set
from train.data.fields import PICTURE, check_fields
from train.data.images import to_rgb
from train.data.made_pairs import MadePairs
from train.data.resident import ResidentPatches
from train.data.spatial import SYMMETRIES


def pair_patches(
    images: str,
    batch_size: int,
    patch_size: int,
    symmetries: str = "square",
) -> ResidentPatches:
    """Patches {"image", "target"} of a pair and a place drawn uniformly; of dates, {"frames", …}.

    Args:
      images: a set of pairs or of dates, see `train.data.data_sets.data_set`.
      batch_size: patches a batch.
      patch_size: their height and width in pixels.
      symmetries: "square" turns and flips them, "mirror" flips left and right alone.

    Raises:
      ValueError: a set without targets, a pair of unequal sizes or smaller than a patch, named.
    """
    source = data_set(images)
    if "target" not in source.fields:
        raise ValueError(f"data.images={images!r}: its images have no targets: wanted pairs")
    names = ("frames" if "frames" in source.fields else "image", "target")
    return _resident(source, names, batch_size, patch_size, symmetries)


def unpaired_patches(
    images: str,
    targets: str,
    batch_size: int,
    patch_size: int,
    symmetries: str = "square",
    given: str = "",
) -> "UnpairedPatches":
    """Patches "image" of one set and "target" of another, drawn independently.

    Args:
      images: see `train.data.data_sets.data_set`.
      targets: likewise.
      batch_size: patches a batch.
      patch_size: their height and width in pixels.
      symmetries: as of `pair_patches`.
      given: a name of `train.data.made_pairs.GIVEN`: what is made of the images, such as clouds
        over them; empty for nothing.

    Raises:
      ValueError: a set without images, an image smaller than a patch, named, or an unknown name.
    """
    sides = []
    for key, name in (("images", images), ("targets", targets)):
        source = data_set(name)
        check_fields(source.fields, {"image": PICTURE}, f"data.{key}={name!r}", "this source")
        sides.append(_resident(source, ("image",), batch_size, patch_size, symmetries))
    first, second = sides
    return UnpairedPatches(MadePairs(first, given) if given else first, second)


class UnpairedPatches:
    """The images of two sources, the second as targets.

    Args:
      images: a source of "image".
      targets: likewise, of the same batch and patch size.
    """

    streamed = False

    def __init__(self, images: ResidentPatches | MadePairs, targets: ResidentPatches):
        self._sides = {"image": images, "target": targets}
        self.batch_size, self.patch_size = images.batch_size, images.patch_size
        self.assets = images.assets
        self.fields = {name: side.fields["image"] for name, side in self._sides.items()}

    def inputs(self, step: int, mesh) -> Iterator[dict]:
        """Both sources' arrays, placed once."""
        sides = {name: side.inputs(step, mesh) for name, side in self._sides.items()}
        while True:
            yield {name: next(side) for name, side in sides.items()}

    def input_shapes(self, mesh) -> dict:
        """Shapes of what `inputs` gives."""
        return {name: side.input_shapes(mesh) for name, side in self._sides.items()}

    def batch(self, key: jax.Array, inputs: dict) -> dict[str, jax.Array]:
        """Cuts {"image", "target"}: (batch_size, patch_size, patch_size, 3) in [0, 1]."""
        keys = jax.random.split(key)
        return {
            name: side.batch(k, inputs[name])["image"]
            for k, (name, side) in zip(keys, self._sides.items(), strict=True)
        }


def _resident(
    source: DataSet, names: tuple[str, ...], batch_size: int, patch_size: int, symmetries: str
) -> ResidentPatches:
    items = []
    for index in range(len(source)):
        read = source[index]
        item = {name: to_rgb(read[name]) for name in names}
        _check(item, patch_size, f"{source.name}/{source.names[index]}")
        items.append(item)
    fields = {
        name: dataclasses.replace(source.fields[name], shape=(*source.fields[name].shape[:-1], 3))
        for name in names
    }
    turn = look_up(SYMMETRIES, symmetries, "data.symmetries")
    return ResidentPatches(fields, items, batch_size, patch_size, source.assets, turn)


def _check(item: dict, patch_size: int, name: str) -> None:
    (first, value), *others = item.items()
    height, width = value.shape[-3:-1]
    for field, value in others:
        rows, columns = value.shape[-3:-1]
        if (rows, columns) != (height, width):
            raise ValueError(
                f"{name}: {first} of {width}x{height}, {field} of {columns}x{rows}; wanted one size"
            )
    if min(height, width) < patch_size:
        raise ValueError(
            f"{name} is {width}x{height}, smaller than a patch of {patch_size} (data.patch_size)"
        )
