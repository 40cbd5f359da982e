"""Random patches of a set of images: resident on the device, or streamed to it by grain."""

import math

import jax
import numpy as np
from PIL import Image

from train.config.console import say
from train.config.registry import look_up
from train.data import images
from train.data.data_set import DataSet
from train.data.fields import Field
from train.data.image_sets import ImageSet, image_set
from train.data.resident import LIMIT, ResidentPatches
from train.data.streamed import Item, StreamedPatches

RESIDENT_LIMIT = LIMIT
# Bytes on a CPU of several devices, of which each holds a copy in the memory of all.
_COPIES_LIMIT = 2**33
_COLOURS = {"image": Field((None, None, 3), "uint8", "image", (0, 255))}


def patches(
    images: str,
    batch_size: int,
    patch_size: int,
    seed: int,
    storage: str = "resident",
    rescale: tuple[float, ...] = (1.0,),
    on_error: str = "stop",
    workers: int = 0,
    levels: float = 0.0,
) -> ResidentPatches | StreamedPatches:
    """Patches of `images`, turned and flipped, of an image and a place drawn uniformly.

    Args:
      images: see `train.data.image_set`.
      batch_size: patches a batch, over all devices.
      patch_size: their height and width in pixels.
      seed: of the run.
      storage: "resident" (one uint8 buffer on the device; falls back to streamed where it is too
        large) or "streamed" (read when needed).
      rescale: each image also stands in the set shrunk by each of these factors.
      on_error: "stop" at an image that can't be used, or "skip" it and count.
      workers: processes that read ahead when streamed; 0 reads in threads.
      levels: what white is in the files of a folder, as 4095 of twelve bits; 0 takes the largest
        level of 8 or 16 bits, and 1 of floats.

    Raises:
      ValueError: an unknown word, levels below 0, an unusable image (named), none left.
    """
    if not 0 <= levels < math.inf:
        raise ValueError(f"data.levels={levels}: wanted the level that is white, or 0")
    look_up({"stop": 0, "skip": 0}, on_error, "data.on_error")
    look_up({"resident": 0, "streamed": 0}, storage, "data.storage")
    source = coloured(image_set(images, levels or None), patch_size)
    if storage == "resident":
        loaded = load_all(source, patch_size, rescale, on_error)
        if loaded is not None:
            return ResidentPatches(_COLOURS, loaded, batch_size, patch_size, source.assets)
        say(f"{source.name} takes over {_limit():,} bytes, too large to be resident: streamed")

    def rescaled(generator: np.random.Generator, item: Item) -> Item:
        factor = rescale[generator.integers(len(rescale))]
        return {**item, "image": shrink(item["image"], factor, patch_size)}

    skip = on_error == "skip"
    return StreamedPatches(source, batch_size, patch_size, seed, rescaled, skip, workers)


def coloured(source: ImageSet, patch_size: int) -> DataSet:
    """A set of images as items in colour; one that a patch doesn't fit is a ValueError by name."""

    def load(index: int) -> Item:
        image = images.to_rgb(source.colours(index))
        if min(image.shape[:2]) < patch_size:
            raise ValueError(
                f"{source.files[index]} is {image.shape[1]}x{image.shape[0]}, smaller "
                f"than a patch of {patch_size} (data.patch_size)"
            )
        return {"image": image}

    return DataSet(source.name, _COLOURS, source.names, load)


def shrink(image: np.ndarray, factor: float, patch_size: int) -> np.ndarray:
    """The image shrunk by `factor`, but not below a patch."""
    if factor == 1.0:
        return image
    size = [max(patch_size, round(n * factor)) for n in image.shape[1::-1]]
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC))


def load_all(source: DataSet, patch_size: int, rescale, on_error: str) -> list[Item] | None:
    """Reads every image at every factor; skips or stops at the unusable; None if too large."""
    loaded, skipped, size, limit = [], [], 0, _limit()
    for index in range(len(source)):
        try:
            image = source[index]["image"]
        except ValueError as error:
            if on_error == "stop":
                raise ValueError(f"{error}; data.on_error=skip goes on without it") from None
            skipped.append(str(error))
            continue
        copies = [shrink(image, factor, patch_size) for factor in rescale]
        size += sum(copy.size for copy in copies)
        if size > limit:
            return None
        loaded += [{"image": copy} for copy in copies]
    if skipped:
        say(
            f"skipped {len(skipped)} of {len(source)} images of {source.name}: {'; '.join(skipped)}"
        )
    if not loaded:
        raise ValueError(f"{source.name}: none of its {len(source)} images can be used")
    return loaded


def _limit() -> int:
    copies = jax.local_device_count() if jax.default_backend() == "cpu" else 1
    return min(RESIDENT_LIMIT, _COPIES_LIMIT // copies)
