"""Scenes of several frames, made of images: drawn ones to train on, or any set's to be scored."""

import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax import synthesis
from imaging_jax.transforms import luminance
from train.data.data_set import DataSet, Stacked
from train.data.drawn import HELD_BACK_KEY, Drawn, drawn_kind, drawn_set, side_and_count
from train.data.fields import Field, Fields
from train.data.image_sets import image_set
from train.data.images import to_float

_FRAMES, _SCALE, _COUNT = 9, 3, 16
# Pixels of a scene around its image: more than the largest shift, and what the kernels see.
_MARGIN = 8
_LEAVES = {"leaves": 120, "radius": (1.5, 40.0), "texture": 0.1}
# What a second sensor shows where the first shows x: gain · x + offset, by channel.
_GAIN, _OFFSET = (0.7, 0.8, 0.9), (0.15, 0.1, 0.05)


class FrameScenes(Drawn):
    """Scenes of frames drawn on the device, of dead leaves, from the batch's key.

    Args:
      batch_size: scenes a batch.
      patch_size: height and width of the frames.
      image_size: height and width of the image to be made.
      channels: 1 for grey.
      frames: of a scene.
      sensor: whether the image is another sensor's, brighter and of less contrast.
      leaves: discs of an image.

    Raises:
      ValueError: other channels than 1 or 3, of which the other sensor has 3.
    """

    def __init__(
        self,
        batch_size: int,
        patch_size: int,
        image_size: int,
        channels: int = 1,
        frames: int = _FRAMES,
        sensor: bool = False,
        leaves: int = _LEAVES["leaves"],
    ):
        if channels not in ((3,) if sensor else (1, 3)):
            wanted = "3 where data.sensor" if sensor else "1 or 3"
            raise ValueError(f"data.channels={channels}: wanted {wanted}")
        self.batch_size, self.patch_size, self.image_size = batch_size, patch_size, image_size
        self.channels, self.frames, self.sensor, self.leaves = channels, frames, sensor, leaves

    @property
    def fields(self) -> Fields:
        """Frames and image, and which pixels of both are clear."""
        small, large = (self.patch_size,) * 2, (self.image_size,) * 2
        return fields_of_frames(self.frames, small, large, self.channels)

    def batch(self, key: jax.Array, inputs: tuple) -> dict[str, jax.Array]:
        """Draws a batch of the fields' arrays."""
        del inputs
        return jax.vmap(self._scene)(jax.random.split(key, self.batch_size))

    def _scene(self, key):
        leaves_key, frames_key = jax.random.split(key)
        side = self.image_size + 2 * _MARGIN
        scene = synthesis.dead_leaves(
            leaves_key, (side, side), **{**_LEAVES, "leaves": self.leaves}
        )
        scene = scene if self.channels == 3 else luminance(scene)
        small = (self.patch_size,) * 2
        drawn = synthesis.frame_scene(frames_key, scene, small, margin=_MARGIN, frames=self.frames)
        if self.sensor:
            seen = jnp.asarray(_GAIN) * drawn.image + jnp.asarray(_OFFSET)
            drawn = drawn._replace(image=jnp.clip(seen, 0, 1))
        return drawn._asdict()


def fields_of_frames(
    frames: int | None,
    small: tuple[int | None, int | None],
    large: tuple[int | None, int | None],
    channels: int | None,
    dtype: str = "float32",
    white: float = 1.0,
) -> Fields:
    """What a scene of frames holds.

    Args:
      frames: how many there are, those of unequal scenes filled up by ones without a clear pixel.
      small: rows and columns of a frame; None for any number, as in all others.
      large: rows and columns of the image.
      channels: of both.
      dtype: of their numbers.
      white: the level that is 1.
    """
    levels = {"dtype": dtype, "range": (0.0, white)}
    return {
        "frames": Field((frames, *small, channels), kind="frames", **levels),
        "clear": Field((frames, *small, 1), "float32", "frames", (0.0, 1.0)),
        "image": Field((*large, channels), kind="image", **levels),
        "image_clear": Field((*large, 1), "float32", "mask", (0.0, 1.0)),
    }


def frame_scenes(key: int, rest: str) -> Stacked:
    """Opens "<side of a frame>[:<count>]": grey scenes of nine frames for x3, drawn by a key.

    Raises:
      ValueError: other words.
    """
    kind = drawn_kind("frame_scenes", key)
    found = side_and_count(rest.split(":"), _COUNT)
    if found is None:
        raise ValueError(f"{kind}:{rest}: wanted {kind}:<pixels a side>[:<count>]")
    side, count = found
    source = FrameScenes(count, side, _SCALE * side)
    return drawn_set(f"{kind}:{rest}", key, source.fields, lambda k: source.batch(k, ()))


def sensor_scenes(key: int, rest: str) -> Stacked:
    """Opens "<side of a frame>:<side of an image>[:<count>]": colour scenes of two sensors.

    Raises:
      ValueError: other words.
    """
    kind = drawn_kind("sensor_scenes", key)
    side, _, others = rest.partition(":")
    found = side_and_count(others.split(":"), _COUNT)
    if found is None or not side.isdigit() or int(side) < 2:
        raise ValueError(
            f"{kind}:{rest}: wanted {kind}:<side of a frame>:<side of an image>[:<count>]"
        )
    source = FrameScenes(found[1], int(side), found[0], channels=3, sensor=True)
    return drawn_set(f"{kind}:{rest}", key, source.fields, lambda k: source.batch(k, ()))


def made_scenes(rest: str) -> DataSet:
    """Scenes of nine frames for x3 made of the luminance of images: "<image set>".

    The frames of each image are those of its place in the set, always the same.

    Raises:
      ValueError: an image that is too small, named; as `image_set`.
    """
    source = image_set(rest)
    least = 2 * _MARGIN + 8 * _SCALE
    make = jax.jit(synthesis.frame_scene, static_argnames=("shape", "margin"))

    def load(index: int) -> dict[str, np.ndarray]:
        levels = source.colours(index)
        height, width = levels.shape[:2]
        if min(height, width) < least:
            raise ValueError(f"{source.files[index]} is {width}x{height}: wanted {least} a side")
        small = tuple((side - 2 * _MARGIN) // _SCALE for side in (height, width))
        inside = tuple(slice(_SCALE * side + 2 * _MARGIN) for side in small)
        image = to_float(levels[inside])
        grey = image if image.shape[-1] == 1 else np.asarray(luminance(image))
        key = jax.random.fold_in(jax.random.key(HELD_BACK_KEY), index)
        scene = make(key, grey, small, margin=_MARGIN)
        return {name: np.asarray(value) for name, value in scene._asdict().items()}

    fields = fields_of_frames(_FRAMES, (None, None), (None, None), 1)
    return DataSet(f"made_scenes:{rest}", fields, source.names, load)
