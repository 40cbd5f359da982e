"""Files of pictures that are given a style."""

from pathlib import Path

import numpy as np

from imaging_jax.operators import resize
from train.config.console import say
from train.data import images
from train.data.images import Picture
from train.systems.enlarging import filled_outwards
from train.systems.system import System

_SOFTWARE = "imaging_jax train.stylize"


def resized(found: Picture, side: int) -> Picture:
    """The picture with its longer side brought to so many pixels; alpha goes along."""
    shape = images.longer_side_at(found.pixels.shape, side)
    levels = filled_outwards(found.pixels) if found.alpha else found.pixels
    pixels = np.asarray(resize(images.to_float(levels, found.white), shape=shape))
    return found.with_pixels(images.from_float(pixels, found.pixels.dtype, found.white))


def stylize_file(system: System, content: Picture, output: Path) -> None:
    """Gives a picture a style and writes it; levels and alpha stay.

    Args:
      system: what gives the style.
      content: of grey, which becomes colours, or of colours.
      output: the file, which appears whole or not at all.
    """
    pixels = filled_outwards(content.pixels) if content.alpha else content.pixels
    image = images.to_rgb(images.to_float(pixels[..., : content.bands], content.white))
    styled = np.asarray(system.apply({"image": image[None]}, scale=1)["image"][0])
    levels = images.from_float(styled, content.pixels.dtype, content.white)
    styled = content.with_pixels(_with_alpha(levels, content))
    images.write(output, styled, _SOFTWARE)
    lost = images.lost(output, styled)
    say(f"{output}, without {', '.join(lost)}" if lost else str(output))


def check_files(content: Picture, output: Path) -> None:
    """Raises a ValueError where the content has other bands, or the output can't hold it styled."""
    if content.bands not in (1, 3):
        raise ValueError(f"the content has {content.bands} bands; wanted grey or colours")
    like = content.with_pixels(_with_alpha(np.zeros((1, 1, 3), content.pixels.dtype), content))
    images.check_writable(output, [like])


def _with_alpha(levels: np.ndarray, content: Picture) -> np.ndarray:
    if not content.alpha:
        return levels
    height, width = levels.shape[:2]
    return np.concatenate([levels, content.pixels[:height, :width, -1:]], axis=-1)
