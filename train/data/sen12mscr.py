"""SEN12MS-CR: what Sentinel-1 and Sentinel-2 saw of one place."""

import numpy as np
import tifffile

from imaging_jax.data_root import under_data
from train.data import images
from train.data.data_set import DataSet
from train.data.image_sets import ImageSet, sentinel2_colours
from train.data.pairs import paired

_SEASON, _PATCH = "ROIs1868_summer", "19_p30"
# Decibels of VV that become black and white.
_DARKEST, _BRIGHTEST = -25.0, 0.0
# The number that stands for a reflectance of 1.
_WHITE = 10_000


def sen12mscr_sample(rest: str) -> DataSet:
    """Radar and the cloudy scene, one pair of 256x256.

    Radar is VV, grey, -25 to 0 dB as 0 to 255. The scene is red, green and blue as `sentinel2_…`
    sets have them; the clear one isn't there, so that an error counts the clouds.

    Raises:
      ValueError: words behind the name; IMAGING_DATA unset, or without the files.

    Source: Ebel, Meraner, Schmitt, Zhu, "Multisensor data fusion for cloud removal in global and
    all-season Sentinel-2 imagery", IEEE TGRS 59(7), 2021.
    """
    if rest:
        raise ValueError(f"sen12mscr_sample:{rest}: wanted sen12mscr_sample")
    decibels, numbers = _read("s1"), _read("s2_cloudy")
    radar = images.from_float((decibels[..., :1] - _DARKEST) / (_BRIGHTEST - _DARKEST))
    scene = sentinel2_colours(numbers / np.float32(_WHITE))
    given, wanted = (
        ImageSet(name, [f"{_SEASON}_{_PATCH}"], lambda _, levels=levels: levels)
        for name, levels in (("radar", radar), ("cloudy", scene))
    )
    return paired("sen12mscr_sample", given, wanted)


def _read(sensor: str) -> np.ndarray:
    """All bands of a sensor, (256, 256, bands), as they are stored: radar below zero."""
    path = f"remote_sensing/sen12mscr_sample/{_SEASON}_{sensor}_{_PATCH}.tif"
    file = under_data(path, "the set sen12mscr_sample")
    if not file.is_file():
        raise ValueError(f"sen12mscr_sample: {file} isn't there")
    return tifffile.imread(file)
