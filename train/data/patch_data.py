"""Random patches of a set of images: resident on the device, or streamed to it by grain."""

import math
from collections.abc import Iterator
from itertools import repeat

import jax
import jax.numpy as jnp
import numpy as np
from absl import flags
from PIL import Image

from train.config.console import say
from train.config.registry import look_up
from train.data import images
from train.data.augment import flip_and_turn
from train.data.fields import Field, Fields
from train.data.image_sets import ImageSet, image_set
from train.state.devices import place_batch, place_replicated, replicated, split_over_devices

# Offsets into the flat buffer are int32.
RESIDENT_LIMIT = 2**31 - 1


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
):
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
    kind = look_up(
        {"resident": ResidentPatches, "streamed": StreamedPatches}, storage, "data.storage"
    )
    source = image_set(images, levels or None)
    if kind is ResidentPatches:
        loaded = load_all(source, patch_size, rescale, on_error)
        if loaded is not None:
            return ResidentPatches(loaded, batch_size, patch_size)
        say(
            f"{source.name} takes over {RESIDENT_LIMIT:,} bytes, too large to be resident: streamed"
        )
    return StreamedPatches(source, batch_size, patch_size, seed, rescale, on_error, workers)


def usable(source: ImageSet, index: int, patch_size: int) -> np.ndarray:
    """Image `index` as (H, W, 3) uint8; ValueError naming it if a patch doesn't fit."""
    image = images.to_rgb(source.colours(index))
    if min(image.shape[:2]) < patch_size:
        raise ValueError(
            f"{source.files[index]} is {image.shape[1]}x{image.shape[0]}, smaller "
            f"than a patch of {patch_size} (data.patch_size)"
        )
    return image


def shrink(image: np.ndarray, factor: float, patch_size: int) -> np.ndarray:
    """The image shrunk by `factor`, but not below a patch."""
    if factor == 1.0:
        return image
    size = [max(patch_size, round(n * factor)) for n in image.shape[1::-1]]
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC))


def load_all(source: ImageSet, patch_size: int, rescale, on_error: str) -> list[np.ndarray] | None:
    """Reads every image at every factor; skips or stops at the unusable; None if too large."""
    loaded, skipped, size = [], [], 0
    for index in range(len(source)):
        try:
            image = usable(source, index, patch_size)
        except ValueError as error:
            if on_error == "stop":
                raise ValueError(f"{error}; data.on_error=skip goes on without it") from None
            skipped.append(str(error))
            continue
        copies = [shrink(image, factor, patch_size) for factor in rescale]
        size += sum(copy.size for copy in copies)
        if size > RESIDENT_LIMIT:
            return None
        loaded += copies
    if skipped:
        say(
            f"skipped {len(skipped)} of {len(source)} images of {source.name}: {'; '.join(skipped)}"
        )
    if not loaded:
        raise ValueError(f"{source.name}: none of its {len(source)} images can be used")
    return loaded


def fields_of_patches(patch_size: int) -> Fields:
    """Colour images of the size of a patch."""
    return {"image": Field((patch_size, patch_size, 3), "float32", "image", (0.0, 1.0))}


class ResidentPatches:
    """Patches cut on the device out of one flat uint8 buffer."""

    streamed = False

    def __init__(self, loaded: list[np.ndarray], batch_size: int, patch_size: int):
        self.batch_size = batch_size
        self.patch_size = patch_size
        self.fields = fields_of_patches(patch_size)
        sizes = np.array([image.shape[:2] for image in loaded], np.int32)
        lengths = np.array([image.size for image in loaded], np.int64)
        self.arrays = {
            "pixels": np.concatenate([image.reshape(-1) for image in loaded]),
            "offsets": (np.cumsum(lengths) - lengths).astype(np.int32),
            "sizes": sizes,
        }

    def inputs(self, step: int, mesh) -> Iterator[dict]:
        """The buffer, its offsets and sizes, placed once."""
        del step
        return repeat(place_replicated(self.arrays, mesh))

    def input_shapes(self, mesh) -> dict:
        """Shapes of what `inputs` gives."""
        place = replicated(mesh)
        return jax.tree.map(
            lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=place), self.arrays
        )

    def batch(self, key: jax.Array, inputs: dict) -> dict[str, jax.Array]:
        """Cuts {"image": (batch_size, patch_size, patch_size, 3)} in [0, 1]."""
        keys = jax.random.split(key, self.batch_size)
        patches = jax.vmap(lambda k: self._patch(k, inputs))(keys)
        return {"image": patches.astype(jnp.float32) / 255.0}

    def _patch(self, key, inputs):
        which, where, turn = jax.random.split(key, 3)
        index = jax.random.randint(which, (), 0, inputs["sizes"].shape[0])
        height, width = inputs["sizes"][index]
        size = self.patch_size
        top, left = jax.random.randint(where, (2,), 0, jnp.stack([height, width]) - size + 1)
        rows = inputs["offsets"][index] + ((top + jnp.arange(size)) * width + left) * 3
        cut = jax.vmap(lambda row: jax.lax.dynamic_slice(inputs["pixels"], (row,), (size * 3,)))
        return flip_and_turn(turn, cut(rows).reshape(size, size, 3))


class StreamedPatches:
    """Patches cut on the host, each batch by one call that knows only (seed, step)."""

    streamed = True

    def __init__(self, source, batch_size, patch_size, seed, rescale, on_error, workers):
        if batch_size % jax.process_count():
            raise ValueError(
                f"data.batch_size={batch_size} isn't a multiple of {jax.process_count()} processes"
            )
        self.source = source
        self.batch_size = batch_size
        self.patch_size = patch_size
        self.fields = fields_of_patches(patch_size)
        self.seed = seed
        self.rescale = tuple(rescale)
        self.skip = on_error == "skip"
        self.workers = workers
        self.skipped: set[int] = set()
        share = batch_size // jax.process_count()
        self.rows = range(jax.process_index() * share, (jax.process_index() + 1) * share)

    def inputs(self, step: int, mesh) -> Iterator[jax.Array]:
        """Batches of uint8 patches from `step` on, read ahead by grain."""
        import grain

        steps = grain.MapDataset.range(step, 2**31 - 1).map(self.host_batch)
        if self.workers:
            # Grain's workers read absl flags, which nobody parses in a notebook.
            if not flags.FLAGS.is_parsed():
                flags.FLAGS.mark_as_parsed()
            options = grain.multiprocessing.MultiprocessingOptions(num_workers=self.workers)
            stream = steps.to_iter_dataset().mp_prefetch(options)
        else:
            stream = steps.to_iter_dataset(grain.ReadOptions(num_threads=4, prefetch_buffer_size=8))
        for batch in stream:
            yield place_batch(batch, mesh)

    def input_shapes(self, mesh) -> jax.ShapeDtypeStruct:
        """Shape of what `inputs` gives."""
        shape = (self.batch_size, self.patch_size, self.patch_size, 3)
        return jax.ShapeDtypeStruct(shape, np.uint8, sharding=split_over_devices(mesh))

    def host_batch(self, step: int) -> np.ndarray:
        """This process's rows of batch `step`: (rows, patch_size, patch_size, 3) uint8."""
        return np.stack([self._patch(step, row) for row in self.rows])

    def _patch(self, step: int, row: int) -> np.ndarray:
        generator = np.random.default_rng([self.seed, step, row])
        # Each draw of an unusable image is followed by another, from the same stream.
        for _ in range(100):
            index = int(generator.integers(len(self.source)))
            try:
                image = usable(self.source, index, self.patch_size)
                break
            except ValueError as error:
                if not self.skip:
                    raise ValueError(f"{error}; data.on_error=skip goes on without it") from None
                self.skipped.add(index)
                say(f"skipped: {error} ({len(self.skipped)} unusable so far)", once=str(error))
        else:
            raise ValueError(f"{self.source.name}: 100 images drawn in a row can't be used")
        image = shrink(image, self.rescale[generator.integers(len(self.rescale))], self.patch_size)
        top, left = (int(generator.integers(n - self.patch_size + 1)) for n in image.shape[:2])
        return image[top : top + self.patch_size, left : left + self.patch_size]

    def batch(self, key: jax.Array, inputs: jax.Array) -> dict[str, jax.Array]:
        """Turns and flips: {"image": (batch_size, patch_size, patch_size, 3)} in [0, 1]."""
        turned = jax.vmap(flip_and_turn)(jax.random.split(key, self.batch_size), inputs)
        return {"image": turned.astype(jnp.float32) / 255.0}
