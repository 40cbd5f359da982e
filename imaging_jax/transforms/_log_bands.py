from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax._images import as_image

SENTINEL2_BANDS = (
    *("B1", "B2", "B3", "B4", "B5", "B6", "B7"),
    *("B8", "B8A", "B9", "B10", "B11", "B12"),
)
"""Sentinel-2's bands by their centre wavelengths, of which the files of EuroSAT have B8A last."""

# Of the natural logarithm of digital numbers.
_RANGES = {
    "B1": (7.3, 7.6),
    "B2": (6.9, 7.5),
    "B3": (6.5, 7.4),
    "B4": (6.2, 7.5),
    "B5": (6.1, 7.5),
    "B6": (6.5, 8.0),
    "B7": (6.5, 8.0),
    "B8": (6.5, 8.0),
    "B8A": (6.5, 8.0),
    "B9": (6.0, 7.0),
    "B10": (2.5, 4.5),
    "B11": (6.0, 8.0),
    "B12": (6.0, 8.0),
}
_LEVELS = 10_000


def log_bands(x: jax.Array, bands: Sequence[str]) -> jax.Array:
    """Maps Sentinel-2's reflectances to logarithms, the usual ones of each band to [-1, 1].

    Nothing is clipped. Where there is no positive reflectance, the result is 0.

    Args:
      x: ``(..., H, W, bands)``, reflectances at the top of the atmosphere; 1 is 10,000 in files.
      bands: names of `SENTINEL2_BANDS`, in the order of the channels.

    Returns:
      An array of the shape of ``x``.

    Raises:
      ValueError: an unknown band, or another number of channels.

    Růžička et al., "RaVÆn: unsupervised change detection of extreme events using ML on-board
    satellites", Scientific Reports 12, 2022; ranges of github.com/spaceml-org/RaVAEn.
    """
    x = as_image("x", x, real=True)
    check_bands(bands)
    if x.shape[-1] != len(bands):
        raise ValueError(f"x: expected {len(bands)} bands, {', '.join(bands)}; got {x.shape}")
    low, high = np.asarray([_RANGES[band] for band in bands], x.dtype).T
    logarithm = jnp.log(jnp.where(x > 0, x, 1) * _LEVELS)
    scaled = 2 * (logarithm - low) / (high - low) - 1
    return jnp.where(x > 0, scaled, 0)


def check_bands(bands: Sequence[str]) -> None:
    """Raises a ValueError where a name is none of `SENTINEL2_BANDS`, or stands twice."""
    unknown = [band for band in bands if band not in _RANGES]
    if unknown or len(set(bands)) != len(bands) or not bands:
        raise ValueError(
            f"bands: got {', '.join(map(str, bands)) or 'none'}; wanted different ones of "
            f"{', '.join(SENTINEL2_BANDS)}"
        )
