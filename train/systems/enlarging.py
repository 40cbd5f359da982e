"""Restores pictures, in parts where memory asks for it, and the files that hold them."""

import math
from pathlib import Path

import numpy as np
from scipy import ndimage
from tqdm import tqdm

from train.config.console import say
from train.data import images
from train.data.images import Picture
from train.systems.interpolation import interpolation
from train.systems.noise_level import Level, say_beyond
from train.systems.outputs import SOFTWARE
from train.systems.parts import Part, Restorer, in_tiles, period_of_parts
from train.systems.system import System


def enlarge_files(
    enlarger: "Enlarger",
    pairs: list[tuple[Path, Path]],
    levels: float | None = None,
    pages: bool = False,
    level: Level | None = None,
) -> None:
    """Restores one after the other; what can't be is told at the end.

    Args:
      enlarger: what restores.
      pairs: pictures and their outputs.
      levels: what white is in the files; None takes the largest level of their type.
      pages: takes every page or frame of a file; otherwise a file of several is refused.
      level: of the noise of each picture, where the system is told one.

    Raises:
      ValueError: names each that can't be read, restored or written, and why; the others were
        written.
    """
    failures = []
    for picture, output in tqdm(pairs, desc="pictures", disable=len(pairs) == 1, leave=False):
        try:
            read = images.read_pages if pages else lambda *file: [images.read(*file)]
            restored = [
                enlarger(page, level(picture, page) if level else None)
                for page in read(picture, levels)
            ]
            images.write_pages(output, restored, SOFTWARE)
        except images.UnreadableImage as error:
            failures.append(str(error))
        except (ValueError, OSError) as error:
            failures.append(f"{picture} -> {output}: {error}")
        else:
            lost = images.lost(output, restored[0])
            say(f"{output}, without {', '.join(lost)}" if lost else str(output))
    if failures:
        raise ValueError(f"{len(failures)} of {len(pairs)} not done: {'; '.join(failures)}")


class Enlarger:
    """Restores pictures, keeping levels, bands and alpha, which is enlarged bicubically.

    Args:
      system: what restores.
      told: what it is told, such as {"scale": 3} or {"sigma": 25}; the level may be another for
        each picture.
      memory: bytes that a compiled program may hold; a larger picture is taken in tiles.
      wrap: takes what lies beyond an edge from the opposite one, as textures that repeat want.
    """

    def __init__(self, system: System, told: dict[str, float], memory: float, wrap: bool = False):
        self.scale = told.get("scale", 1)
        self._restorer = Restorer(system, told, memory)
        self._bicubic = Restorer(interpolation("bicubic"), {"scale": self.scale}, memory)
        self._wrap = wrap
        if "sigma" in told:
            say_beyond(system, told["sigma"])

    def __call__(self, picture: Picture, sigma: float | None = None) -> Picture:
        """Enlarges one picture.

        Args:
          picture: whose levels, bands and alpha stay.
          sigma: of its noise, of 255, in place of what the system is told else.

        Raises:
          ValueError: the memory doesn't hold a tile with its overlap, edges can't wrap because
            the system looks at the whole picture, or it takes other bands.
        """
        if sigma is not None:
            self._restorer.system.check(sigma=sigma)
            say_beyond(self._restorer.system, sigma)
        parts = self._parts(picture, {} if sigma is None else {"sigma": sigma})
        pixels, margin = picture.pixels, 0
        if self._wrap:
            margin = _margin(parts)
            pixels = np.pad(pixels, ((margin, margin), (margin, margin), (0, 0)), "wrap")
        if picture.alpha:
            pixels = filled_outwards(pixels)

        def restore(levels: np.ndarray, _) -> np.ndarray:
            """Restores (1, h, w, C) from levels to levels, so that floats are of one tile."""
            restored = [
                images.from_float(
                    part(images.to_float(levels[..., part.channels], picture.white)),
                    levels.dtype,
                    picture.white,
                )
                for part in parts
            ]
            return restored[0] if len(restored) == 1 else np.concatenate(restored, axis=-1)

        restored = in_tiles(restore, pixels[None], self.scale, parts)[0]
        edge = margin * self.scale
        height, width = restored.shape[:2]
        return picture.with_pixels(restored[edge : height - edge, edge : width - edge])

    def _parts(self, picture: Picture, told: dict[str, float]) -> list["Part"]:
        """Grey or colours at once, other bands one after the other, alpha by itself."""
        bands = picture.bands
        if bands not in (1, 3):
            if self._restorer.colours:
                raise ValueError(
                    f"it has {bands} bands; {self._restorer.system.weights} takes colours, or grey"
                )
            say(f"{bands} bands are restored one after the other, as grey pictures", once="bands")
        count = bands if bands in (1, 3) else 1
        parts = [Part(self._restorer, first, count, told) for first in range(0, bands, count)]
        return parts + [Part(self._bicubic, bands, 1, {})] * picture.alpha


def filled_outwards(pixels: np.ndarray) -> np.ndarray:
    """Gives every fully transparent pixel the colours of the nearest one that isn't.

    What stands under transparency, mostly black, would bleed into the edges that are seen.

    Args:
      pixels: (H, W, C), the last channel alpha.
    """
    clear = pixels[..., -1] == 0
    if clear.all() or not clear.any():
        return pixels
    nearest = ndimage.distance_transform_edt(clear, return_distances=False, return_indices=True)
    rows, columns = (places[clear] for places in nearest)
    filled = pixels.copy()
    filled[clear, :-1] = pixels[rows, columns, :-1]
    return filled


def _margin(parts: list[Part]) -> int:
    """As far as the parts look, in whole groups of pixels."""
    for part in parts:
        if part.radius is None:
            raise ValueError(
                f"edges don't wrap: {part.restorer.system.weights} looks at the whole image"
            )
    period = period_of_parts(parts)
    return period * math.ceil(max(part.radius for part in parts) / period)
