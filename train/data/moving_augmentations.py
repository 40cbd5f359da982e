"""Random changes that move pixels, and maps beside an image alike."""

from abc import abstractmethod
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax.operators import warp
from train.data.augmentation import Augmentation, uniform

_COARSE = 3


class FlipRows(Augmentation):
    """Upside down."""

    def change(self, key: jax.Array, x: jax.Array) -> jax.Array:
        """Reverses rows."""
        del key
        return jnp.flip(x, 0)

    change_map = change


class FlipColumns(Augmentation):
    """Left to right."""

    def change(self, key: jax.Array, x: jax.Array) -> jax.Array:
        """Reverses columns."""
        del key
        return jnp.flip(x, 1)

    change_map = change


class QuarterTurns(Augmentation):
    """One, two or three right angles, of square images."""

    def change(self, key: jax.Array, x: jax.Array) -> jax.Array:
        """Turns anticlockwise.

        Raises:
          ValueError: the image isn't square.
        """
        if x.shape[0] != x.shape[1]:
            raise ValueError(f"quarter_turns: wanted square images, got {x.shape[0]}x{x.shape[1]}")
        turns = jax.random.randint(key, (), 0, 3)
        return jax.lax.switch(turns, [lambda y, k=k: jnp.rot90(y, k) for k in (1, 2, 3)], x)

    change_map = change


class Moved(Augmentation):
    """Pixels fetched from other places: of images by cubic convolution, of maps the nearest.

    Outside, both continue mirrored.
    """

    @abstractmethod
    def places(self, key: jax.Array, shape: tuple[int, int]) -> jax.Array:
        """Where the pixels of an image of this height and width come from, (2, H, W)."""

    def change(self, key: jax.Array, x: jax.Array) -> jax.Array:
        """Resamples an image."""
        return warp(x, self.places(key, x.shape[:2]))

    def change_map(self, key: jax.Array, x: jax.Array) -> jax.Array:
        """Fetches the nearest pixels of a map."""
        places = self.places(key, x.shape[:2])
        return warp(x.astype(jnp.float32), places, "nearest").astype(x.dtype)


@dataclass(frozen=True)
class Turn(Moved):
    """Rotation, scaling and translation about the centre.

    Attributes:
      degrees: least and largest angle, anticlockwise.
      scale: least and largest enlargement.
      shift: largest translation along each axis, of the side.
    """

    degrees: tuple[float, float] = (-180.0, 180.0)
    scale: tuple[float, float] = (0.9, 1.2)
    shift: float = 0.025

    def places(self, key: jax.Array, shape: tuple[int, int]) -> jax.Array:
        """Those of an affine map."""
        angle, scale, shift = jax.random.split(key, 3)
        angle = jnp.deg2rad(uniform(angle, self.degrees))
        cosine, sine = jnp.cos(angle), jnp.sin(angle)
        matrix = jnp.array([[cosine, sine], [-sine, cosine]]) / uniform(scale, self.scale)
        size = np.array(shape, np.float32)
        moved = self.shift * size * jax.random.uniform(shift, (2,), minval=-1)
        centre = (size - 1) / 2
        from_centre = np.indices(shape) - centre[:, None, None]
        turned = jnp.einsum("ij,jyx->iyx", matrix, from_centre, precision="highest")
        return turned + (centre + moved)[:, None, None]


@dataclass(frozen=True)
class Crop(Moved):
    """A part of the image, enlarged to its size.

    Attributes:
      area: least and largest share of the image.
      aspect: least and largest ratio of width to height, beside that of the image; its logarithm is
        drawn uniformly. A side that would be longer than the image's is as long.
    """

    area: tuple[float, float] = (0.08, 1.0)
    aspect: tuple[float, float] = (3 / 4, 4 / 3)

    def places(self, key: jax.Array, shape: tuple[int, int]) -> jax.Array:
        """Those of the part."""
        area_key, aspect_key, corner_key = jax.random.split(key, 3)
        area = uniform(area_key, self.area)
        aspect = jnp.exp(uniform(aspect_key, tuple(np.log(self.aspect))))
        share = jnp.minimum(1, jnp.sqrt(area * jnp.stack([1 / aspect, aspect])))
        size = np.array(shape, np.float32)
        corner = jax.random.uniform(corner_key, (2,)) * (1 - share) * size
        # Of the pixels' centres.
        scaled = (np.indices(shape) + 0.5) * share[:, None, None]
        return scaled + corner[:, None, None] - 0.5


@dataclass(frozen=True)
class Elastic(Moved):
    """Displacements drawn on a grid of three by three, and bicubic between, as the U-Net's paper.

    Attributes:
      displacement: its standard deviation along each axis, in pixels.
    """

    displacement: float = 10.0

    def places(self, key: jax.Array, shape: tuple[int, int]) -> jax.Array:
        """Those of pixels displaced."""
        coarse = self.displacement * jax.random.normal(key, (2, _COARSE, _COARSE))
        return np.indices(shape) + jax.image.resize(coarse, (2, *shape), "cubic")
