"""Restores image files: which goes where, in parts where memory asks for it."""

import math
from functools import cache, partial
from pathlib import Path

import numpy as np
from tqdm import tqdm

from train.config.console import say
from train.data import images
from train.systems.interpolation import interpolation
from train.systems.system import System
from train.systems.tiling import largest_tile, receptive_radius, tiled


def outputs_of(inputs: list[Path], output: str | None, suffix: str) -> list[tuple[Path, Path]]:
    """Pairs every picture, those of folders included, with the file it becomes.

    Args:
      inputs: pictures and folders.
      output: a file for one picture, else a folder; None puts each beside its picture.
      suffix: of the names.

    Raises:
      ValueError: no picture there, several for one output file, two of one name, or an ending
        that isn't an image's.
    """
    pictures = []
    for path in inputs:
        pictures += images.image_files(path) if path.is_dir() else [path]
    target = Path(output) if output else None
    if target and target.suffix and not target.is_dir():
        if len(pictures) > 1:
            raise ValueError(f"--output={output} is one file, the pictures are {len(pictures)}")
        if target.suffix.lower() not in images.SUFFIXES:
            raise ValueError(f"--output={output}: known endings are {', '.join(images.SUFFIXES)}")
        return [(pictures[0], target)]
    pairs = [(p, (target or p.parent) / f"{p.stem}_{suffix}.png") for p in pictures]
    sources = {}
    for picture, file in pairs:
        if file in sources:
            raise ValueError(f"{picture} and {sources[file]} would both become {file}")
        sources[file] = picture
    return pairs


def enlarge_files(enlarger: "Enlarger", pairs: list[tuple[Path, Path]]) -> None:
    """Restores one after the other; what can't be is told at the end.

    Raises:
      ValueError: names each that can't be read, restored or written, and why; the others were
        written.
    """
    failures = []
    for picture, output in tqdm(pairs, desc="pictures", disable=len(pairs) == 1, leave=False):
        try:
            images.write(output, enlarger(images.read(picture)))
        except images.UnreadableImage as error:
            failures.append(str(error))
        except (ValueError, OSError) as error:
            failures.append(f"{picture} -> {output}: {error}")
        else:
            say(str(output))
    if failures:
        raise ValueError(f"{len(failures)} of {len(pairs)} not done: {'; '.join(failures)}")


class Enlarger:
    """Restores (H, W, 1 to 4) uint8 or uint16, keeping depth; alpha is enlarged bicubically.

    Args:
      system: what restores.
      told: what it is told, such as {"scale": 3} or {"sigma": 25}.
      memory: bytes that a compiled program may hold; a larger picture is taken in tiles.
    """

    def __init__(self, system: System, told: dict[str, int], memory: float):
        self.system = system
        self.told = told
        self.scale = told.get("scale", 1)
        self.memory = memory
        self._largest_tile = cache(self._measure_tile)
        self._radius = cache(self._measure_radius)

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """Enlarges one image.

        Raises:
          ValueError: the memory doesn't hold a tile with its overlap.
        """
        whole = images.to_float(image)[None]
        colours = images.without_alpha(image).shape[-1]
        parts = [self._enlarge(whole[..., :colours])]
        if image.shape[-1] > colours:
            alpha = {"image": whole[..., colours:]}
            bicubic = interpolation("bicubic").apply(alpha, scale=self.scale)
            parts.append(np.asarray(bicubic["image"]))
        return images.from_float(np.concatenate(parts, axis=-1)[0], image.dtype)

    def _enlarge(self, lr: np.ndarray) -> np.ndarray:
        channels = lr.shape[-1]
        fits = self._largest_tile(channels) ** 2 >= lr.shape[1] * lr.shape[2]
        if fits or self._radius(channels) is None:
            return self._predict(lr)
        progress = partial(tqdm, desc="tiles", leave=False)
        tile, overlap = self._largest_tile(channels), self._radius(channels)
        predict = lambda part, _: self._predict(part)  # noqa: E731
        return tiled(predict, lr, self.scale, tile, overlap, progress)

    def _predict(self, lr: np.ndarray) -> np.ndarray:
        return np.asarray(self.system.apply({"image": lr}, **self.told)["image"])

    def _pure(self, lr, _):
        return self.system.pure({"image": lr}, **self.told)["image"]

    def _measure_tile(self, channels: int) -> float:
        if self.system.pure is None:
            return math.inf
        return largest_tile(self._pure, self.scale, channels, self.memory)

    def _measure_radius(self, channels: int) -> int | None:
        radius = receptive_radius(self._pure, self.scale, channels)
        if radius is None:
            say(
                f"{self.system.weights} looks at the whole image, so it is not cut into tiles, "
                "however much memory it takes"
            )
        return radius
