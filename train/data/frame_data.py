"""Patches of scenes of frames, resident on the device."""

from functools import partial

import jax
import numpy as np

from imaging_jax.transforms import depth_to_space, space_to_depth
from train.data.data_set import DataSet
from train.data.data_sets import data_set
from train.data.fields import Field, Fields, check_fields
from train.data.frame_scenes import fields_of_frames
from train.data.resident import Resident, ResidentPatches
from train.data.spatial import flip_and_turn


def frame_patches(images: str, batch_size: int, patch_size: int, frames: int) -> "FramePatches":
    """Patches of frames and of the image to be made, at a place drawn uniformly, turned alike.

    Args:
      images: a set of scenes of frames, see `train.data.data_sets.data_set`.
      batch_size: patches a batch.
      patch_size: height and width of those of the frames.
      frames: how many of each scene are taken, those of the most clear pixels.

    Raises:
      ValueError: a set of other things, or of an image that isn't an integer times as large as the
        frames, or frames smaller than a patch.
    """
    source = data_set(images)
    wanted = fields_of_frames(None, (None, None), (None, None), None)
    wanted = {name: Field(field.shape, field.dtype, field.kind) for name, field in wanted.items()}
    check_fields(source.fields, wanted, f"data.images={images!r}", "this source")
    if frames < 1:
        raise ValueError(f"data.frames={frames}: wanted at least 1")
    return FramePatches(source, batch_size, patch_size, frames)


class FramePatches(Resident):
    """See `frame_patches`.

    Args:
      source: the scenes.
      batch_size: patches a batch.
      patch_size: height and width of those of the frames.
      frames: how many of each scene are taken.
    """

    def __init__(self, source: DataSet, batch_size: int, patch_size: int, frames: int):
        first = source[0]
        self._scale = first["image"].shape[0] // first["frames"].shape[1]
        laid = partial(_laid, source, scale=self._scale, patch_size=patch_size, frames=frames)
        items = [laid(index) for index in range(len(source))]
        self.batch_size, self.patch_size, self.assets = batch_size, patch_size, source.assets
        fields = {
            name: Field(items[0][name].shape, source.fields[name].dtype, kind, field_range)
            for name, kind, field_range in (
                ("frames", "frames", source.fields["frames"].range),
                ("clear", "frames", None),
                ("image", "image", source.fields["image"].range),
                ("image_clear", "mask", None),
            )
        }
        # The image's pixels stand as channels of the frames', so that both are cut at one place.
        self._patches = ResidentPatches(
            fields, items, batch_size, patch_size, {}, turn=lambda _, patch: patch
        )
        self.arrays = self._patches.arrays
        channels = source.fields["image"].shape[-1]
        small, large = (patch_size,) * 2, (self._scale * patch_size,) * 2
        self.fields: Fields = fields_of_frames(frames, small, large, channels)

    def batch(self, key: jax.Array, inputs: dict) -> dict[str, jax.Array]:
        """Cuts a batch of the fields' arrays."""
        cut_key, turn_key = jax.random.split(key)
        cut = self._patches.batch(cut_key, inputs)
        for name in ("image", "image_clear"):
            cut[name] = depth_to_space(cut[name], self._scale)
        return jax.vmap(_turned)(jax.random.split(turn_key, self.batch_size), cut)


def _turned(key: jax.Array, item: dict[str, jax.Array]) -> dict[str, jax.Array]:
    def turn(x):
        return flip_and_turn(key, x)

    return {name: jax.vmap(turn)(x) if x.ndim == 4 else turn(x) for name, x in item.items()}


def _laid(
    source: DataSet, index: int, scale: int, patch_size: int, frames: int
) -> dict[str, np.ndarray]:
    item, name = source[index], f"{source.name}/{source.names[index]}"
    small, large = item["frames"].shape[1:3], item["image"].shape[:2]
    if large != tuple(scale * side for side in small):
        raise ValueError(
            f"{name}: its image has {large[1]}x{large[0]} pixels, its frames {small[1]}x{small[0]};"
            f" wanted {scale} times as many along each axis"
        )
    if min(small) < patch_size:
        raise ValueError(
            f"{name} has frames of {small[1]}x{small[0]}, smaller than a patch of {patch_size} "
            "(data.patch_size)"
        )
    order = np.argsort(-item["clear"].mean(axis=(1, 2, 3)), kind="stable")
    # Again from the clearest where there are fewer.
    order = np.resize(order, frames)
    image, clear = (
        np.asarray(space_to_depth(item[key], scale)) for key in ("image", "image_clear")
    )
    taken = {key: item[key][order] for key in ("frames", "clear")}
    return {**taken, "image": image, "image_clear": clear}
