from collections.abc import Mapping
from typing import Any, ClassVar

import jax

from imaging_jax import synthesis
from train.data.drawn import Drawn
from train.data.fields import Field, Fields


class DeadLeaves(Drawn):
    """Dead-leaves images drawn on the device from the batch's key.

    Args:
      batch_size: images a batch.
      patch_size: their height and width.
      leaves: as of `imaging_jax.synthesis.dead_leaves`, like all that follow.
      radius: in pixels.
      exponent: of the density of radii.
      jitter: of grey values.
      chroma: of channels.
      supersampling: points a pixel and axis.
      blur: largest standard deviation, in pixels.
      texture: mean contrast.
    """

    def __init__(
        self,
        batch_size: int,
        patch_size: int,
        leaves: int = 160,
        radius: tuple[float, float] = (2.0, 80.0),
        exponent: float = 3.0,
        jitter: float = 0.5,
        chroma: float = 0.15,
        supersampling: int = 2,
        blur: float = 0.0,
        texture: float = 0.0,
    ):
        self.batch_size = batch_size
        self.patch_size = patch_size
        self.values = {
            "leaves": leaves,
            "radius": radius,
            "exponent": exponent,
            "jitter": jitter,
            "chroma": chroma,
            "supersampling": supersampling,
            "blur": blur,
            "texture": texture,
        }

    @property
    def fields(self) -> Fields:
        """Colour images of the size of a patch."""
        shape = (self.patch_size, self.patch_size, 3)
        return {"image": Field(shape, "float32", "image", (0.0, 1.0))}

    def batch(self, key: jax.Array, inputs: tuple) -> dict[str, jax.Array]:
        """Draws {"image": (batch_size, patch_size, patch_size, 3)} in [0, 1]."""
        del inputs
        shape = (self.patch_size, self.patch_size)
        draw = jax.vmap(lambda k: synthesis.dead_leaves(k, shape, **self.values))
        return {"image": draw(jax.random.split(key, self.batch_size))}


class Digits(Drawn):
    """Labelled handwritten digits, drawn on the device from the batch's key.

    Args:
      batch_size: images a batch.
      size: their height and width.
    """

    assets: ClassVar[Mapping[str, Any]] = {"classes": list("0123456789")}

    def __init__(self, batch_size: int, size: int = 28):
        self.batch_size = batch_size
        self.size = size

    @property
    def fields(self) -> Fields:
        """Grey images and their digits."""
        return {
            "image": Field((self.size, self.size, 1), "float32", "image", (0.0, 1.0)),
            "label": Field((), "int32", "label", (0, 10)),
        }

    def batch(self, key: jax.Array, inputs: tuple) -> dict[str, jax.Array]:
        """Draws {"image": (batch_size, size, size, 1) in [0, 1], "label": (batch_size,) int32}."""
        del inputs
        images, labels = synthesis.digits(key, self.batch_size, (self.size, self.size))
        return {"image": images, "label": labels}
