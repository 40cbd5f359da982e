"""A picture between its file and the arrays that are computed with."""

from dataclasses import dataclass, replace

import numpy as np

DEPTHS = {np.dtype(np.uint8): 255, np.dtype(np.uint16): 65535, np.dtype(np.float32): 1}


@dataclass(frozen=True, eq=False)
class Picture:
    """What a file holds of a picture.

    Attributes:
      pixels: (H, W, C) uint8, uint16 or float32; C counts bands, and alpha as the last where there
        is one.
      alpha: whether there is one. It isn't premultiplied.
      white: the level that stands for 1.
      profile: ICC profile of the colours.
      dpi: pixels an inch, (across, down).
      duration: milliseconds that a frame of an animation is shown.
      loop: how often an animation is shown, 0 for ever.
      unkept: what else the file says of its colours or place, in words; none of it is here.

    Raises:
      ValueError: another shape or type.
    """

    pixels: np.ndarray
    alpha: bool
    white: float
    profile: bytes | None = None
    dpi: tuple[float, float] | None = None
    duration: float | None = None
    loop: int | None = None
    unkept: tuple[str, ...] = ()

    def __post_init__(self):
        if self.pixels.ndim != 3 or 0 in self.pixels.shape or self.pixels.dtype not in DEPTHS:
            raise ValueError(
                f"pixels are {self.pixels.dtype} of shape {self.pixels.shape}; wanted uint8, "
                "uint16 or float32 of shape (H, W, C)"
            )

    @classmethod
    def of(cls, pixels: np.ndarray) -> "Picture":
        """The picture of bare pixels, whose last channel is alpha where there are 2 or 4."""
        alpha = pixels.shape[-1] in (2, 4)
        return cls(pixels, alpha, DEPTHS.get(pixels.dtype, 1))

    @property
    def bands(self) -> int:
        """How many channels there are without alpha."""
        return self.pixels.shape[-1] - self.alpha

    def with_pixels(self, pixels: np.ndarray) -> "Picture":
        """Other pixels of the same levels; the profile goes where bands are others."""
        same = pixels.shape[-1] == self.pixels.shape[-1]
        return replace(self, pixels=pixels, profile=self.profile if same else None)


def longer_side_at(shape: tuple[int, ...], side: int) -> tuple[int, int]:
    """Height and width of an image of `shape`, its longer side brought to `side`."""
    height, width = shape[:2]
    return tuple(max(1, round(n * side / max(height, width))) for n in (height, width))
