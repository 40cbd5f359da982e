"""Changes told by codes of any system that gives them, or by pixels."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax.models.change_detection import (
    CHANGES,
    cosine_change,
    euclidean_change,
    few_shot_scores,
    fit_few_shot,
)
from imaging_jax.transforms import log_bands
from train.config.registry import look_up
from train.data.data_set import DataSet
from train.data.data_sets import data_set
from train.data.fields import CUBE, Field, Fields
from train.data.sentinel2_series import BANDS
from train.systems.descriptors import in_chunks
from train.systems.system import Origin, System
from train.tasks.change_detection import changed_by, painted, tiles_of_dates

_SIDE = 32
_BEFORE = Field((None, None, None, None), "float32", "frames", (0.0, 1.0))
_CHANGE = Field((None, None, 1), "float32", "image")
_TAKES = {"before": _BEFORE, "image": CUBE}
_PIXELS = {"cosine": cosine_change, "euclidean": euclidean_change}
# Pixels between the tiles that components are fitted to.
_STRIDE = 2


def change(distance: str, memory: str, encoder: str, open_system: Callable) -> System:
    """Changes by a distance between codes, those of so many last dates before.

    Args:
      distance: a name of `imaging_jax.models.change_detection.CHANGES`.
      memory: dates before that count.
      encoder: a system that gives codes of tiles.
      open_system: opens it.

    Raises:
      ValueError: an unknown distance, a number below 1, or a system that gives no codes.
    """
    name = f"change:{distance}:{memory}:{encoder}"
    look_up(CHANGES, distance, name)
    dates = _dates(name, memory)
    found = open_system(encoder)
    if "codes" not in found.gives:
        raise ValueError(f"{name}: {encoder} gives {', '.join(found.gives)}, wanted codes")

    def apply(inputs):
        before, image = (jnp.asarray(inputs[key]) for key in ("before", "image"))
        _check_dates(name, dates, before)
        encode = lambda tiles: found.apply({"image": tiles})  # noqa: E731
        return {"change": changed_by(encode, before[:, -dates:], image, _SIDE, distance)}

    return System(
        "change", f"{distance}_{memory}_of_{found.weights}", apply, found.origin, _taken(found),
        {"change": _CHANGE}, assets=found.assets,
    )  # fmt: skip


def pixel_change(distance: str, memory: str) -> System:
    """Changes by the mean over a tile of a distance between logarithms of pixels.

    Args:
      distance: "cosine" or "euclidean".
      memory: dates before that count.

    Raises:
      ValueError: an unknown distance, or a number below 1.
    """
    name = f"pixel_change:{distance}:{memory}"
    measure = look_up(_PIXELS, distance, name)
    dates = _dates(name, memory)

    @partial(jax.jit, static_argnames="bands")
    def told(before, image, bands):
        before, image = (log_bands(x, bands) for x in (before[:, -dates:], image))
        by_pixel = measure(jnp.moveaxis(before, 1, 0), image)
        tiles, grid = tiles_of_dates(by_pixel[:, None, ..., None], _SIDE)
        by_tile = tiles.mean(axis=(1, 2, 3)).reshape(grid)[:, 0]
        return painted(by_tile, _SIDE, image.shape[1:3])

    def apply(inputs):
        before, image = (jnp.asarray(inputs[key]) for key in ("before", "image"))
        _check_dates(name, dates, before)
        return {"change": told(before, image, _usual(name, image.shape[-1]))}

    origin = Origin("interpolation", settings={"distance": distance, "memory": dates})
    return System("pixel_change", f"{distance}_{memory}", apply, origin, _TAKES,
                  {"change": _CHANGE})  # fmt: skip


def pca_codes(components: str, images: str) -> System:
    """Codes by principal components of all tiles of a set's scenes, two pixels apart.

    Args:
      components: numbers of a code.
      images: a set of scenes of reflectances.

    Raises:
      ValueError: a number that the tiles don't have.
    """
    name, fitted = f"pca_codes:{components}:{images}", data_set(images)
    tiles = np.concatenate([_overlapping(scene) for scene in fitted.arrays["image"]])
    bands = _bands_of(fitted)
    flat = np.asarray(log_bands(tiles, bands), np.float64).reshape(len(tiles), -1)
    if not components.isdigit() or not 1 <= int(components) <= min(flat.shape):
        raise ValueError(f"{name}: wanted 1 to {min(flat.shape)} components")
    mean = flat.mean(axis=0)
    # Tiles are fewer than their numbers: their products are a smaller problem.
    powers, weights = np.linalg.eigh((flat - mean) @ (flat - mean).T)
    first = slice(-1, -1 - int(components), -1)
    axes = (weights[:, first] / np.sqrt(powers[first])).T @ (flat - mean)

    def apply(inputs):
        logarithms = np.asarray(log_bands(jnp.asarray(inputs["image"]), bands), np.float64)
        codes = (logarithms.reshape(len(logarithms), -1) - mean) @ axes.T
        return {"codes": codes, "log_variance": np.zeros_like(codes)}

    codes = Field((int(components),), "float64", "latent")
    return System(
        "pca_codes", f"{components}_components_of_{images}", apply, Origin("fitted"),
        {"image": fitted.fields["image"]}, {"codes": codes, "log_variance": codes},
        assets=fitted.assets,
    )  # fmt: skip


def few_shot(rest: str, open_system: Callable) -> System:
    """Classes of tiles by a linear layer on codes, fitted to a set of few labelled ones.

    Args:
      rest: "<system>@<set>": what gives codes of tiles, and a set of tiles with labels.
      open_system: opens the system.

    Raises:
      ValueError: a system that gives no codes, or a set without labels.
    """
    encoder, _, images = rest.partition("@")
    name, fitted, found = f"few_shot:{rest}", data_set(images), open_system(encoder)
    if "codes" not in found.gives or "label" not in fitted.fields:
        raise ValueError(f"{name}: wanted a set with labels and a system that gives codes")
    classes = int(fitted.fields["label"].range[1])
    codes = in_chunks(lambda x: found.apply({"image": x})["codes"], fitted.floats("image"))
    codes = jnp.asarray(codes, jnp.float32)
    params = fit_few_shot(codes, fitted.arrays["label"], classes)

    def apply(inputs):
        own = jnp.asarray(found.apply({"image": inputs["image"]})["codes"], jnp.float32)
        return {"scores": few_shot_scores(params, own)}

    scores = Field((classes,), "float32", "scores")
    return System(
        "few_shot",
        f"{images}_by_{found.weights}",
        apply,
        found.origin,
        {"image": found.takes["image"]},
        {"scores": scores},
        assets=fitted.assets,
    )


def _taken(encoder: System) -> Fields:
    image = encoder.takes["image"]
    before = Field((None, None, None, image.shape[-1]), "float32", "frames", (0.0, 1.0))
    whole = Field((None, None, image.shape[-1]), "float32", "cube", (0.0, 1.0))
    return {"before": before, "image": whole}


def _overlapping(scene: np.ndarray) -> np.ndarray:
    """All tiles of a scene (H, W, bands), two pixels apart."""
    windows = np.lib.stride_tricks.sliding_window_view(scene, (_SIDE, _SIDE), axis=(0, 1))
    windows = windows[::_STRIDE, ::_STRIDE]
    return np.moveaxis(windows.reshape(-1, *windows.shape[2:]), 1, -1)


def _bands_of(fitted: DataSet) -> tuple[str, ...]:
    if "bands" not in fitted.assets:
        raise ValueError(f"{fitted.name}: its bands have no names")
    return tuple(fitted.assets["bands"])


def _check_dates(name: str, dates: int, before: jax.Array) -> None:
    if before.shape[1] < dates:
        raise ValueError(f"{name}: there are {before.shape[1]} dates before")


def _usual(name: str, count: int) -> tuple[str, ...]:
    """The bands that are meant by so many."""
    return look_up(BANDS, str(count), f"{name}: the number of bands")


def _dates(name: str, memory: str) -> int:
    if not memory.isdigit() or int(memory) < 1:
        raise ValueError(f"{name}: wanted a number of dates before, at least 1")
    return int(memory)
