"""Cubes as pictures."""

import numpy as np

# Nanometres of what is shown red, green and blue.
_SHOWN = (640, 550, 460)
_PARTS = (3 / 4, 1 / 2, 1 / 4)
_PERCENTILES = (2, 98)


def false_colours(cube: np.ndarray, wavelengths: np.ndarray | None = None) -> np.ndarray:
    """Shows three bands as red, green and blue, each from its 2nd to its 98th percentile.

    They are those nearest to 640, 550 and 460 nm; where wavelengths aren't known, or the same band
    is the nearest to two of these, those at 3/4, 1/2 and 1/4 of all.

    Args:
      cube: (H, W, bands), of any range.
      wavelengths: (bands,) nanometres.

    Returns:
      (H, W, 3) float32 in [0, 1].
    """
    shown = cube[..., _bands(cube.shape[-1], wavelengths)].astype(np.float64)
    low, high = np.percentile(shown, _PERCENTILES, axis=(0, 1))
    stretched = (shown - low) / np.where(high > low, high - low, 1)
    return np.clip(stretched, 0, 1).astype(np.float32)


def _bands(count: int, wavelengths: np.ndarray | None) -> list[int]:
    if wavelengths is not None:
        nearest = [int(np.argmin(np.abs(wavelengths - shown))) for shown in _SHOWN]
        if len({*nearest}) == len(nearest):
            return nearest
    return [int(count * part) for part in _PARTS]
