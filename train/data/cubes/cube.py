"""A hyperspectral cube between its file and the arrays that are computed with."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

# Where the bands stand among a file's three axes, by the word for it.
AXES = {"first": 0, "middle": 1, "last": 2}
_WAVELENGTH_NAMES = re.compile(r"wave.*|lambdas?|wls?|wvls?", re.IGNORECASE)
# Larger numbers are nanometres.
_LONGEST_IN_MICROMETRES = 100
_NANOMETRES_PER_MICROMETRE = 1000


@dataclass(frozen=True)
class Stored:
    """How a file holds a cube, so that another is written alike.

    Attributes:
      format: a name of `train.data.cubes.files.FORMATS`.
      band_axis: where the bands stand among its three axes.
      kept: what else the format's own module wants to write the file again.
    """

    format: str
    band_axis: int
    kept: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Contents:
    """What a format's module finds in a file.

    Attributes:
      array: three axes, as the file lays them out.
      kept: see `Stored`.
      band_axis: where the bands stand, if the format says so.
      wavelengths: (bands,) nanometres, if the file has some.
    """

    array: np.ndarray
    kept: Mapping[str, Any] = field(default_factory=dict)
    band_axis: int | None = None
    wavelengths: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Cube:
    """A cube as its file holds it.

    Attributes:
      pixels: (H, W, bands), integers or floats of the file's own type and order of bytes.
      wavelengths: (bands,) nanometres, or None.
      stored: how its file holds it; None of a cube that was read from none.

    Raises:
      ValueError: another shape or type, or wavelengths of another number.
    """

    pixels: np.ndarray
    wavelengths: np.ndarray | None = None
    stored: Stored | None = None

    def __post_init__(self):
        shape, dtype = self.pixels.shape, self.pixels.dtype
        if len(shape) != 3 or 0 in shape or dtype.kind not in "iuf":
            raise ValueError(
                f"a cube of {dtype} and shape {shape}; wanted integers or floats of (H, W, bands)"
            )
        if self.wavelengths is not None and np.shape(self.wavelengths) != shape[2:]:
            raise ValueError(
                f"wavelengths of shape {np.shape(self.wavelengths)}; wanted one for each of the "
                f"{shape[2]} bands"
            )

    @property
    def bands(self) -> int:
        """How many there are."""
        return self.pixels.shape[-1]

    def to_unit(self, white: float | None = None) -> tuple[np.ndarray, float, float]:
        """Maps the cube's lowest value to 0 and its highest to 1, or `white` to 1 and 0 to itself.

        Args:
          white: the value that stands for 1, where that is known: noise then keeps its level, and
            values may lie beyond [0, 1].

        Returns:
          (H, W, bands) float32, and the values that became 0 and 1.

        Raises:
          ValueError: one value throughout, or a white that isn't positive.
        """
        if white is not None and not 0 < white < math.inf:
            raise ValueError(f"white: expected a number above 0, got {white}")
        low, high = float(self.pixels.min()), float(self.pixels.max())
        if not high > low:
            raise ValueError(f"every value of the cube is {low:g}; wanted at least two")
        if white is not None:
            low, high = 0.0, white
        unit = np.empty(self.pixels.shape, np.float32)
        for band in range(self.bands):
            unit[..., band] = (self.pixels[..., band].astype(np.float64) - low) / (high - low)
        return unit, low, high

    def from_unit(self, unit: np.ndarray, low: float, high: float) -> "Cube":
        """The cube of this one's type that `to_unit` maps so, integers rounded and clipped.

        Args:
          unit: (H, W, bands), 0 for the lowest and 1 for the highest value.
          low: of `to_unit`.
          high: of `to_unit`.

        Raises:
          ValueError: another shape.
        """
        if unit.shape != self.pixels.shape:
            raise ValueError(f"a cube of shape {unit.shape}; wanted {self.pixels.shape}")
        pixels = np.empty(unit.shape, self.pixels.dtype)
        for band in range(self.bands):
            values = unit[..., band].astype(np.float64) * (high - low) + low
            pixels[..., band] = _rounded(values, pixels.dtype)
        return replace(self, pixels=pixels)


def _rounded(values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    if dtype.kind == "f":
        return values
    info = np.iinfo(dtype)
    # The largest of 64 bits is no double: the one next to it would be beyond.
    most = float(info.max)
    most = most if int(most) <= info.max else np.nextafter(most, 0)
    return np.clip(np.rint(values), float(info.min), most)


def wavelengths_among(arrays: Mapping[str, np.ndarray]) -> np.ndarray | None:
    """The vector of wavelengths among arrays by name, (n,) nanometres; None unless there is one."""
    found = [
        np.ravel(array)
        for name, array in arrays.items()
        if _WAVELENGTH_NAMES.fullmatch(name)
        and array.dtype.kind in "iuf"
        and array.size == max(array.shape, default=0)
    ]
    return in_nanometres(found[0]) if len(found) == 1 else None


def in_nanometres(wavelengths: np.ndarray, unit: str = "") -> np.ndarray | None:
    """Wavelengths in nanometres; None where they are none.

    Args:
      wavelengths: (n,).
      unit: as ENVI writes it; where it is empty or "Unknown", numbers up to 100 are micrometres.
    """
    values = np.asarray(wavelengths, np.float64)
    if not values.size or not np.isfinite(values).all() or values.min() <= 0:
        return None
    word = unit.strip().lower()
    if word in ("nanometers", "nanometres", "nm"):
        return values
    if word in ("micrometers", "micrometres", "microns", "um"):
        return values * _NANOMETRES_PER_MICROMETRE
    if word not in ("", "unknown"):
        return None
    small = values.max() <= _LONGEST_IN_MICROMETRES
    return values * _NANOMETRES_PER_MICROMETRE if small else values
