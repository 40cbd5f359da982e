from collections.abc import Iterator
from itertools import repeat

import jax
import jax.numpy as jnp
import numpy as np

from train.data.data_sets import data_set
from train.data.fields import Field
from train.state.devices import place_replicated, replicated


class LabelledImages:
    """Whole images of one size and their labels, resident on the device, drawn uniformly.

    Args:
      images: see `train.data.data_sets.data_set`.
      batch_size: images a batch.
      size: height and width to which zeros on all sides bring the images; 0 leaves them.

    Raises:
      ValueError: a size below that of the images.
    """

    streamed = False

    def __init__(self, images: str, batch_size: int, size: int = 0):
        self.batch_size = batch_size
        source = data_set(images)
        label = source.fields.get("label")
        if label is None:
            raise ValueError(f"data.images={images!r}: its images have no labels")
        pixels, labels = source.arrays["image"], source.arrays["label"]
        if size:
            pixels = _padded(pixels, size)
        image = Field(pixels.shape[1:], "float32", "image", (0.0, 1.0))
        self.fields = {"image": image, "label": label}
        self.arrays = {"pixels": pixels, "labels": labels}

    def inputs(self, step: int, mesh) -> Iterator[dict]:
        """All images and labels, placed once."""
        del step
        return repeat(place_replicated(self.arrays, mesh))

    def input_shapes(self, mesh) -> dict:
        """Shapes of what `inputs` gives."""
        place = replicated(mesh)
        return jax.tree.map(
            lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=place), self.arrays
        )

    def batch(self, key: jax.Array, inputs: dict) -> dict[str, jax.Array]:
        """Picks {"image": (batch_size, H, W, C) in [0, 1], "label": (batch_size,) int32}."""
        index = jax.random.randint(key, (self.batch_size,), 0, inputs["labels"].shape[0])
        return {
            "image": inputs["pixels"][index].astype(jnp.float32) / 255.0,
            "label": inputs["labels"][index],
        }


def _padded(pixels: np.ndarray, size: int) -> np.ndarray:
    margins = [(size - side) / 2 for side in pixels.shape[1:3]]
    if min(margins) < 0 or any(margin % 1 for margin in margins):
        raise ValueError(
            f"data.size={size}: wanted a size from which images of {pixels.shape[1:3]} leave equal "
            "margins"
        )
    rows, columns = map(int, margins)
    return np.pad(pixels, [(0, 0), (rows, rows), (columns, columns), (0, 0)])
