"""Fields: what one entry of an item is, known before any file is opened."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

KINDS = (
    "class_map",
    "cube",
    "figure",
    "frames",
    "image",
    "label",
    "latent",
    "mask",
    "points",
    "scores",
    "series",
    "spectrum",
    "tokens",
)
# Of these, the end of the range is the number of classes.
_OF_CLASSES = ("class_map", "label")


@dataclass(frozen=True)
class Field:
    """One entry of an item, without the batch axis.

    Attributes:
      shape: its axes; None where items differ, or any number will do.
      dtype: of its numbers.
      kind: a name of KINDS. A "cube" has bands, "frames" come first; a "class_map" has the class
        of each pixel, "scores" are logits of classes, a "figure" is a number or several
        that were measured, such as by a system of itself.
      range: lowest and highest value; for labels, class maps and tokens, 0 and the number of
        classes.

    Raises:
      ValueError: an unknown kind.
    """

    shape: tuple[int | None, ...]
    dtype: str
    kind: str
    range: tuple[float, float] | None = None

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"kind={self.kind!r} of a field: known are {', '.join(KINDS)}")

    def __str__(self) -> str:
        if self.kind in _OF_CLASSES and self.range:
            return f"{self.kind.replace('_', ' ')} of {self.range[1]} classes"
        return f"{self.kind} of {self.shape}".replace("None", "any")

    def fits(self, other: "Field") -> bool:
        """Whether what this one describes can stand where `other` is wanted."""
        axes = len(self.shape) == len(other.shape) and all(
            None in pair or pair[0] == pair[1] for pair in zip(self.shape, other.shape, strict=True)
        )
        classes = (
            self.kind not in _OF_CLASSES
            or None in (self.range, other.range)
            or (self.range == other.range)
        )
        return self.kind == other.kind and axes and classes

    @property
    def white(self) -> float:
        """What 1 is in its numbers: the end of the range of levels, else 1."""
        return float(self.range[1]) if np.dtype(self.dtype).kind in "ui" and self.range else 1.0


Fields = Mapping[str, Field]


def picture(channels: int | None) -> Field:
    """Images of any size, in [0, 1]; None for any number of channels."""
    return Field((None, None, channels), "float32", "image", (0.0, 1.0))


def pictures(dates: int | None, channels: int | None) -> Field:
    """Images of one place, one a date, in [0, 1]; None for any number of them."""
    return Field((dates, None, None, channels), "float32", "frames", (0.0, 1.0))


def cubes_of(bands: int | None, height: int | None = None, width: int | None = None) -> Field:
    """Cubes of so many bands, rows and columns, in [0, 1]; None for any number of them."""
    return Field((height, width, bands), "float32", "cube", (0.0, 1.0))


def class_map(classes: int | None) -> Field:
    """The class of each pixel of images of any size; None for any number of classes.

    Levels that no class has are of pixels that don't count.
    """
    return Field((None, None, 1), "uint8", "class_map", classes and (0, classes))


PICTURE = picture(None)
# Bands of any number.
CUBE = cubes_of(None)
# A coded snapshot of a cube, wider than its mask by the dispersion of the bands.
SNAPSHOT = Field((None, None, 1), "float32", "image")
CODED_MASK = Field((None, None), "float32", "mask", (0.0, 1.0))
# Of the orthonormal Fourier transform, frequency 0 first.
SPECTRUM = Field((None, None, None), "complex64", "spectrum")
# Its modulus, and where in the frame that was transformed the image lies.
MAGNITUDE = Field((None, None, None), "float32", "spectrum")
SUPPORT = Field((None, None), "float32", "mask", (0.0, 1.0))
FREQUENCY_MASK = Field((None, None), "float32", "mask", (0.0, 1.0))


def as_numbers(name: str, value: Any, field: Field) -> np.ndarray:
    """Numbers in the type of their field.

    Raises:
      ValueError: complex numbers where real ones are wanted, whose phase would be lost.
    """
    value = np.asarray(value)
    if np.iscomplexobj(value) and not np.issubdtype(field.dtype, np.complexfloating):
        raise ValueError(f"{name}: got complex numbers, wanted {field.dtype}")
    return value.astype(field.dtype)


def check_fields(given: Fields, wanted: Fields, what: str, whom: str) -> None:
    """Raises a ValueError where a field that is wanted is missing or of another kind or shape.

    Args:
      given: what there is.
      wanted: what must be there.
      what: who gives, for the message.
      whom: who wants.
    """
    for name, field in wanted.items():
        if name not in given:
            raise ValueError(
                f"{what} has {', '.join(given) or 'nothing'}; {whom} wants {name}, {field}"
            )
        if not given[name].fits(field):
            raise ValueError(f"{what}: {name} is {given[name]}, {whom} wants {field}")
