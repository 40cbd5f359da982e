"""Pairs made of images on the device: what a sensor or the weather would give of each.

Of several dates, each is made by a key of its own.
"""

from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax import synthesis
from train.config.registry import look_up
from train.data.data_set import DataSet, Stacked
from train.data.dates import dated
from train.data.drawn import HELD_BACK_KEY, drawn_kind
from train.data.fields import picture
from train.data.image_sets import image_set
from train.data.images import to_rgb
from train.data.patch_data import patches
from train.data.synthetic import DeadLeaves

# (key, image (H, W, 3)) -> what is given of it.
Give = Callable[[jax.Array, jax.Array], jax.Array]
GIVEN: dict[str, Give] = {
    "clouds": synthesis.clouded,
    "edges": lambda _, x: synthesis.edge_map(x),
    "labels": lambda _, x: synthesis.label_map(x),
    "radar": synthesis.radar_like,
}
_LEAVES = {"leaves": 60, "radius": (4.0, 60.0), "blur": 0.4, "texture": 0.1}
# Pairs of a drawn set.
_COUNT = 16
# Of each image in a set of dates: where clouds happen to lie decides what can be known of it.
_STACKS = 8


class MadePairs:
    """The images of a source as targets, and what is given of each.

    Args:
      source: of "image", (H, W, 3), as `train.data` describes one.
      given: a name of GIVEN.
      dates: how many of them are given, as "frames"; 0 for one "image".

    Raises:
      ValueError: an unknown name, or dates below 0.
    """

    def __init__(self, source: Any, given: str, dates: int = 0):
        if dates < 0:
            raise ValueError(f"data.dates={dates}: wanted at least 0")
        self._source = source
        self._dates = dates
        self._give = look_up(GIVEN, given, "data.given")
        self.batch_size, self.patch_size = source.batch_size, source.patch_size
        self.streamed, self.assets = source.streamed, source.assets
        image = source.fields["image"]
        first = {"frames": dated(image, dates)} if dates else {"image": image}
        self.fields = {**first, "target": image}

    def inputs(self, step: int, mesh) -> Iterator:
        """The source's."""
        return self._source.inputs(step, mesh)

    def input_shapes(self, mesh) -> Any:
        """The source's."""
        return self._source.input_shapes(mesh)

    def batch(self, key: jax.Array, inputs: Any) -> dict[str, jax.Array]:
        """Makes {"image", "target"}, each (batch_size, patch_size, patch_size, 3) in [0, 1].

        Of dates, {"frames": (batch_size, dates, patch_size, patch_size, 3), "target"}.
        """
        scene, sensor = jax.random.split(key)
        target = self._source.batch(scene, inputs)["image"]
        keys = jax.random.split(sensor, len(target))
        if self._dates:
            give = jax.vmap(lambda key, x: _frames(self._give, key, x, self._dates))
            return {"frames": give(keys, target), "target": target}
        give = jax.vmap(lambda key, x: _given(self._give, key, x))
        return {"image": give(keys, target), "target": target}


def drawn_pair_patches(batch_size: int, patch_size: int, given: str, dates: int = 0) -> MadePairs:
    """Pairs made of dead leaves.

    Args:
      batch_size: pairs a batch.
      patch_size: their height and width.
      given: a name of GIVEN.
      dates: as of `MadePairs`.
    """
    return MadePairs(DeadLeaves(batch_size, patch_size, **_LEAVES), given, dates)


def made_pair_patches(
    images: str, batch_size: int, patch_size: int, seed: int, given: str, dates: int = 0
) -> MadePairs:
    """Pairs made of patches of images.

    Args:
      images: see `train.data.patch_data.patches`.
      batch_size: pairs a batch.
      patch_size: their height and width.
      seed: of the run.
      given: a name of GIVEN.
      dates: as of `MadePairs`.

    Raises:
      ValueError: as `patches` and `MadePairs`.
    """
    return MadePairs(patches(images, batch_size, patch_size, seed), given, dates)


def drawn_pairs(key: int, rest: str) -> DataSet:
    """Opens "<given>:<side>": 16 pairs of dead leaves drawn by a key.

    Raises:
      ValueError: other words.
    """
    given, _, side = rest.partition(":")
    look_up(GIVEN, given, "drawn_pairs")
    if not side.isdigit():
        raise ValueError(f"drawn_pairs:{rest}: wanted drawn_pairs:{given}:<pixels>")
    source = drawn_pair_patches(_COUNT, int(side), given)
    drawn = jax.jit(source.batch)(jax.random.key(key), ())
    arrays = {name: np.asarray(values) for name, values in drawn.items()}
    name = drawn_kind("drawn_pairs", key)
    return Stacked(f"{name}:{rest}", source.fields, arrays)


def made_pairs(rest: str) -> DataSet:
    """Opens "<given>:<images>": a set of images in colour, and what is given of each.

    Raises:
      ValueError: other words, or an unknown set.
    """
    given, _, name = rest.partition(":")
    give = look_up(GIVEN, given, "made_pairs")
    images = image_set(name)

    def load(index: int) -> dict[str, np.ndarray]:
        target = jnp.asarray(to_rgb(images.colours(index)) / 255, jnp.float32)
        key = jax.random.fold_in(jax.random.key(HELD_BACK_KEY), index)
        return {
            "image": np.asarray(_given(give, key, target)),
            "target": np.asarray(target),
        }

    fields = dict.fromkeys(("image", "target"), picture(3))
    return DataSet(f"made_pairs:{rest}", fields, images.names, load)


def made_dates(rest: str) -> DataSet:
    """Opens "<given>:<dates>:<images>": a set of images in colour, and so many dates of each.

    Each image stands in it eight times, under other weather. Of fewer dates, the set has the first
    of those of more.

    Raises:
      ValueError: other words, or an unknown set.
    """
    given, _, words = rest.partition(":")
    dates, _, name = words.partition(":")
    give = look_up(GIVEN, given, "made_dates")
    if not (dates.isdigit() and int(dates)):
        raise ValueError(f"made_dates:{rest}: wanted made_dates:{given}:<dates>:<images>")
    images = image_set(name)
    compiled = jax.jit(_frames, static_argnums=(0, 3))

    def load(index: int) -> dict[str, np.ndarray]:
        target = jnp.asarray(to_rgb(images.colours(index // _STACKS)) / 255, jnp.float32)
        key = jax.random.fold_in(jax.random.key(HELD_BACK_KEY), index)
        return {
            "frames": np.asarray(compiled(give, key, target, int(dates))),
            "target": np.asarray(target),
        }

    names = [f"{name}_{stack}" for name in images.names for stack in range(_STACKS)]
    fields = {"frames": dated(picture(3), int(dates)), "target": picture(3)}
    return DataSet(f"made_dates:{rest}", fields, names, load)


def _frames(give: Give, key: jax.Array, x: jax.Array, dates: int) -> jax.Array:
    keys = jax.vmap(lambda date: jax.random.fold_in(key, date))(jnp.arange(dates))
    return jax.vmap(lambda key: _given(give, key, x))(keys)


def _given(give: Give, key: jax.Array, x: jax.Array) -> jax.Array:
    # What is grey has three equal channels, as files of it have.
    return jnp.broadcast_to(give(key, x), x.shape)
