"""What level of noise a denoiser is told of each picture."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
from skimage.restoration import estimate_sigma

from imaging_jax import pretrained
from imaging_jax.metrics import noise_level
from train.config.console import say
from train.config.registry import positive
from train.data import images
from train.data.images import Picture
from train.systems.system import System

# (file, picture) -> standard deviation of the noise, of 255.
Level = Callable[[Path, Picture], float]
AUTO = "auto"
# Of 255: what the transform rounds of a flat picture is less.
_LEAST = 1e-3
# Pixels a side: smaller pictures have too few patches for their covariance.
_FEW = 64


def level_of(words: str) -> float | Level:
    """Reads "auto", a number, or the name of a table of levels by picture.

    Args:
      words: "auto" estimates each picture's level; a table is a .csv file of lines
        "<name of the picture>,<level>".

    Raises:
      ValueError: other words, a level that isn't positive, no such table; where it is called, a
        picture that the table lacks.
    """
    if words == AUTO:
        return _estimated
    if words.lower().endswith(".csv"):
        table = _read(Path(words))

        def of_table(file: Path, picture: Picture) -> float:
            del picture
            if file.name not in table:
                raise ValueError(f"--sigma={words} has no level of {file.name}")
            return table[file.name]

        return of_table
    return _positive(words, f"--sigma={words}")


def estimated_level(picture: Picture) -> float:
    """Estimates the standard deviation of a picture's noise, of 255, the mean of its bands'.

    Raises:
      ValueError: a picture without noise, or too small to tell.

    By `imaging_jax.metrics.noise_level`; of pictures below 64 pixels a side by the median of the
    finest wavelets: Donoho, Johnstone, "Ideal spatial adaptation by wavelet shrinkage", Biometrika
    81(3), 1994, as scikit-image has it.
    """
    bands = images.to_float(picture.pixels[..., : picture.bands], picture.white)
    if min(bands.shape[:2]) < 2:
        raise ValueError("too small to estimate its noise; wanted a level in --sigma")
    if min(bands.shape[:2]) < _FEW:
        level = 255 * float(np.mean(estimate_sigma(bands, channel_axis=-1)))
    else:
        level = 255 * float(np.mean(np.asarray(noise_level(bands))))
    if level < _LEAST:
        raise ValueError("no noise was found; wanted a level in --sigma")
    return level


def say_beyond(system: System, level: float) -> None:
    """Says where a level isn't among those that a denoiser of any level was trained for."""
    trained = _trained(system)
    if trained and not trained[0] <= level <= trained[1]:
        low, high = (f"{value:g}" for value in trained)
        say(f"sigma {level:.3g}: {system.weights} was trained for {low} to {high}")


def _estimated(file: Path, picture: Picture) -> float:
    level = estimated_level(picture)
    say(f"{file}: sigma {level:.3g}, estimated")
    return level


def _read(file: Path) -> dict[str, float]:
    if not file.is_file():
        raise ValueError(f"--sigma={file}: there is no such table")
    with file.open(newline="") as lines:
        rows = [row for row in csv.reader(lines) if row]
    found = {}
    for number, row in enumerate(rows, start=1):
        if len(row) != 2:
            raise ValueError(f"{file}, line {number}: wanted <picture>,<level>, got {row}")
        found[row[0].strip()] = _positive(row[1], f"{file}, line {number}: {row[1].strip()!r}")
    return found


def _positive(words: str, where: str) -> float:
    return positive(words, where, "a level of noise, of 255, above 0")


def _trained(system: System) -> tuple[float, float] | None:
    if system.weights in pretrained.WEIGHTS:
        return pretrained.WEIGHTS[system.weights].levels
    task = ((system.origin.training or {}).get("config") or {}).get("task", {})
    return tuple(task["sigma"]) if "sigma" in task else None
