"""Random changes of images and of maps beside them, made on the device inside the compiled step."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from train.config.registry import call, look_up
from train.data.augmentation import Augmentation
from train.data.level_augmentations import (
    BandDrop,
    BandGain,
    Blur,
    ColorJitter,
    Gamma,
    Grey,
    Sharpen,
)
from train.data.moving_augmentations import (
    Crop,
    Elastic,
    FlipColumns,
    FlipRows,
    QuarterTurns,
    Turn,
)

# Settings that may be below 0, those that may not be 0, and the most of others.
_SIGNED = ("degrees", "offset")
_POSITIVE = ("scale", "sigma", "area", "aspect", "bands", "side")
_MOST = {"area": 1, "hue": 0.5}

# (key, (N, H, W, C) in [0, 1]) -> the same, changed.
Augment = Callable[[jax.Array, jax.Array], jax.Array]
# (key, {"image": as above, map: (N, H, W, numbers)}) -> the same, changed alike.
AugmentBeside = Callable[[jax.Array, dict[str, jax.Array]], dict[str, jax.Array]]

# By name, in the order in which they are applied.
AUGMENTATIONS: dict[str, Callable[..., Augmentation]] = {
    "crop": Crop,
    "turn": Turn,
    "quarter_turns": QuarterTurns,
    "elastic": Elastic,
    "color_jitter": ColorJitter,
    "grey": Grey,
    "blur": Blur,
    "sharpen": Sharpen,
    "gamma": Gamma,
    "band_gain": BandGain,
    "band_drop": BandDrop,
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
        name, value = field.name, getattr(step, field.name)
        if isinstance(value, tuple) and value[0] > value[1]:
            raise ValueError(f"{path}.{name}={value}: wanted the least value first")
        least = np.min(value)
        if name not in _SIGNED and (least < 0 or (name in _POSITIVE and least == 0)):
            words = "above 0" if name in _POSITIVE else "at least 0"
            raise ValueError(f"{path}.{name}={value}: wanted {words}")
        if np.max(value) > _MOST.get(name, np.inf):
            raise ValueError(f"{path}.{name}={value}: wanted at most {_MOST[name]}")
        if name == "side" and value % 2 == 0:
            raise ValueError(f"{path}.side={value}: wanted an odd number")
    return step
