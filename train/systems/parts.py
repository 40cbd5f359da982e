"""Pictures through systems in parts: channels that go together, and tiles that memory asks for."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
from tqdm import tqdm

from train.config.console import say
from train.systems.system import System
from train.systems.tiling import largest_tile, receptive_radius, tiled


class Restorer:
    """A system, what it is told of every picture, and the tiles that it is given.

    Args:
      system: takes images.
      told: its options.
      memory: bytes that a compiled program may hold.
      gives: the field that is asked for, with rows and columns.
    """

    def __init__(
        self, system: System, told: Mapping[str, float], memory: float, gives: str = "image"
    ):
        self.system = system
        self._gives = gives
        self._told = dict(told)
        self._scale = told.get("scale", 1)
        self._memory = memory
        self.colours = system.takes["image"].shape[-1] == 3
        self.largest_tile = cache(self._measure_tile)
        self.radius = cache(self._measure_radius)

    def __call__(self, inputs: np.ndarray, told: Mapping[str, float]) -> np.ndarray:
        """What is asked for of images (N, H, W, C) in [0, 1], told something more of them."""
        # Where colours alone are taken, grey is three equal channels.
        if self.colours and inputs.shape[-1] == 1:
            inputs = np.repeat(inputs, 3, axis=-1)
        return np.asarray(
            self.system.apply({"image": inputs}, **self._told | dict(told))[self._gives]
        )

    def _pure(self, inputs, _):
        return self.system.pure({"image": inputs}, **self._told)[self._gives]

    def _measure_tile(self, channels: int) -> float:
        if self.system.pure is None:
            return math.inf
        dtype = "float64" if self.system.origin.precision == "float64" else "float32"
        return largest_tile(self._pure, self._scale, channels, self._memory, dtype)

    def _measure_radius(self, channels: int) -> int | None:
        if self.system.pure is None or self.system.whole:
            return None
        return receptive_radius(self._pure, self._scale, channels, self.system.period)


@dataclass(frozen=True)
class Part:
    """Channels that are restored together, what restores them, and what it is told of them."""

    restorer: Restorer
    first: int
    count: int
    told: Mapping[str, float]

    def __call__(self, inputs: np.ndarray) -> np.ndarray:
        """What the restorer makes of them."""
        return self.restorer(inputs, self.told)

    @property
    def channels(self) -> slice:
        """Where they are among the picture's."""
        return slice(self.first, self.first + self.count)

    @property
    def largest_tile(self) -> float:
        """The side of the largest square within the memory, in pixels."""
        return self.restorer.largest_tile(self.count)

    @property
    def radius(self) -> int | None:
        """How far the system looks, in pixels; None for the whole picture."""
        return self.restorer.radius(self.count)


def in_tiles(restore: Callable, pixels: np.ndarray, scale: int, parts: list[Part]) -> np.ndarray:
    """Applies a function of (1, h, w, C) and the scale, in tiles where memory asks for them.

    Args:
      restore: made of the parts.
      pixels: (1, H, W, C).
      scale: of what is made.
      parts: whose memory and reach say how the picture is cut.
    """
    for system in (part.restorer.system for part in parts):
        if system.whole:
            say(
                f"{system.weights}: no picture is cut into tiles, whatever memory it takes, as "
                f"{system.whole}",
                once=system.weights,
            )
            return restore(pixels, scale)
    tile = min(part.largest_tile for part in parts)
    if tile**2 >= pixels.shape[1] * pixels.shape[2]:
        return restore(pixels, scale)
    for part in parts:
        if part.radius is None:
            say(
                f"{part.restorer.system.weights} looks at the whole image, so it is not cut into "
                "tiles, however much memory it takes",
                once=part.restorer.system.weights,
            )
            return restore(pixels, scale)
    overlap = max(part.radius for part in parts)
    progress = partial(tqdm, desc="tiles", leave=False)
    return tiled(restore, pixels, scale, tile, overlap, period_of_parts(parts), progress)


def period_of_parts(parts: list[Part]) -> int:
    """Side of the groups of pixels that all parts see."""
    return math.lcm(*(part.restorer.system.period for part in parts))
