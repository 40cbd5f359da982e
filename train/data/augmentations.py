"""Random changes of images and of maps beside them, made on the device inside the compiled step."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax.operators import blur, gaussian_kernel, warp
from train.config.registry import call, look_up

# Pillow's `ImageFilter.SMOOTH`.
_SMOOTH = np.array([[1, 1, 1], [1, 5, 1], [1, 1, 1]], np.float32) / 13
# Settings that may not be below 0, and those of them that may not be 0 either.
_NOT_NEGATIVE = ("scale", "sigma", "factor", "exponent", "shift", "displacement")
_POSITIVE = ("scale", "sigma")

# (key, (N, H, W, C) in [0, 1]) -> the same, changed.
Augment = Callable[[jax.Array, jax.Array], jax.Array]
# (key, {"image": as above, map: (N, H, W, numbers)}) -> the same, changed alike.
AugmentBeside = Callable[[jax.Array, dict[str, jax.Array]], dict[str, jax.Array]]

_COARSE = 3


@dataclass(frozen=True)
class Augmentation(ABC):
    """A change that each image undergoes with a probability.

    Attributes:
      probability: of the change.
    """

    probability: float

    def __call__(self, key: jax.Array, item: dict[str, jax.Array]) -> dict[str, jax.Array]:
        """Changes one image (H, W, C), and maps beside it, or leaves them."""
        whether, how = jax.random.split(key)
        drawn = jax.random.bernoulli(whether, self.probability)
        by_name = {name: self.change_map for name in item} | {"image": self.change}
        return {name: jnp.where(drawn, by_name[name](how, x), x) for name, x in item.items()}

    @abstractmethod
    def change(self, key: jax.Array, x: jax.Array) -> jax.Array:
        """Changes an image."""

    def change_map(self, key: jax.Array, x: jax.Array) -> jax.Array:
        """Changes a map of the image's pixels, which a change of levels leaves."""
        del key
        return x


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
        angle = jnp.deg2rad(_uniform(angle, self.degrees))
        cosine, sine = jnp.cos(angle), jnp.sin(angle)
        matrix = jnp.array([[cosine, sine], [-sine, cosine]]) / _uniform(scale, self.scale)
        size = np.array(shape, np.float32)
        moved = self.shift * size * jax.random.uniform(shift, (2,), minval=-1)
        centre = (size - 1) / 2
        from_centre = np.indices(shape) - centre[:, None, None]
        turned = jnp.einsum("ij,jyx->iyx", matrix, from_centre, precision="highest")
        return turned + (centre + moved)[:, None, None]


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


@dataclass(frozen=True)
class Sharpen(Augmentation):
    """The image, less or more different from itself smoothed, as Pillow's `ImageEnhance.Sharpness`.

    Attributes:
      factor: of the difference, least and largest; 1 leaves the image.
    """

    factor: tuple[float, float] = (0.0, 2.0)

    def change(self, key: jax.Array, x: jax.Array) -> jax.Array:
        """Scales the difference."""
        smooth = blur(x, _SMOOTH, boundary="symmetric")
        return smooth + _uniform(key, self.factor) * (x - smooth)


@dataclass(frozen=True)
class Blur(Augmentation):
    """A Gaussian of three by three pixels.

    Attributes:
      sigma: least and largest standard deviation, in pixels.
    """

    sigma: tuple[float, float] = (0.5, 1.5)

    def change(self, key: jax.Array, x: jax.Array) -> jax.Array:
        """Blurs the image."""
        return blur(x, gaussian_kernel(3, _uniform(key, self.sigma)), boundary="symmetric")


@dataclass(frozen=True)
class Gamma(Augmentation):
    """A power of the brightness.

    Attributes:
      exponent: least and largest.
    """

    exponent: tuple[float, float] = (0.85, 1.125)

    def change(self, key: jax.Array, x: jax.Array) -> jax.Array:
        """Raises each pixel, clipped to [0, 1]."""
        return jnp.clip(x, 0, 1) ** _uniform(key, self.exponent)


# By name, in the order in which they are applied.
AUGMENTATIONS: dict[str, Callable[..., Augmentation]] = {
    "turn": Turn,
    "elastic": Elastic,
    "blur": Blur,
    "sharpen": Sharpen,
    "gamma": Gamma,
    "flip_rows": FlipRows,
    "flip_columns": FlipColumns,
}


def make_augment(section: Mapping[str, Any], path: str) -> Augment:
    """Builds the changes that a config section names, one after the other.

    Args:
      section: {name of AUGMENTATIONS: settings}; none leave images as they are.
      path: where the section stands in the config, for messages.

    Returns:
      A function of a key and images (N, H, W, C) in [0, 1], which they stay in.

    Raises:
      ValueError: an unknown name or setting, or one out of range, with its path.
    """
    beside = make_augment_beside(section, path)
    return lambda key, images: beside(key, {"image": images})["image"]


def make_augment_beside(section: Mapping[str, Any], path: str) -> AugmentBeside:
    """Builds the same of images and maps of their pixels, such as masks, which move alike."""
    for name in section:
        look_up(AUGMENTATIONS, name, path)
    steps = [
        _checked(call(constructor, section[name], f"{path}.{name}"), f"{path}.{name}")
        for name, constructor in AUGMENTATIONS.items()
        if name in section
    ]

    def one(key, item):
        for index, step in enumerate(steps):
            item = step(jax.random.fold_in(key, index), item)
        return item | {"image": jnp.clip(item["image"], 0, 1)}

    def augment(key, items):
        keys = jax.random.split(key, len(items["image"]))
        return jax.vmap(one)(keys, items) if steps else items

    return augment


def _checked(step: Augmentation, path: str) -> Augmentation:
    if not 0 <= step.probability <= 1:
        raise ValueError(f"{path}.probability={step.probability}: wanted one in [0, 1]")
    for field in fields(step):
        value = getattr(step, field.name)
        if isinstance(value, tuple) and value[0] > value[1]:
            raise ValueError(f"{path}.{field.name}={value}: wanted the least value first")
        least = np.min(value)
        positive = field.name in _POSITIVE
        if field.name in _NOT_NEGATIVE and (least < 0 or (positive and least == 0)):
            words = "above 0" if positive else "at least 0"
            raise ValueError(f"{path}.{field.name}={value}: wanted {words}")
    return step


def _uniform(key: jax.Array, ends: tuple[float, float]) -> jax.Array:
    return jax.random.uniform(key, minval=ends[0], maxval=ends[1])
