"""Dates of one Sentinel-2 scene, and changes made in the last of them."""

from collections.abc import Sequence

import numpy as np

from imaging_jax.data_root import under_data
from imaging_jax.transforms import SENTINEL2_BANDS
from train.config.registry import look_up
from train.data.change_sets import changed_windows
from train.data.data_set import DataSet, Stacked
from train.data.fields import cubes_of

# In order of time; what the file has as its scenes 0 and 1 are clouds.
_DATES = {"2015-07-11": 4, "2015-07-31": 1, "2015-08-20": 0, "2015-08-30": 3, "2015-09-09": 2}
_CLEAR_BEFORE = ("2015-07-11", "2015-08-30")
# Changes are scored in this date, and checkpoints chosen by changes in an earlier one.
LAST, HELD_BACK = "2015-09-09", "2015-08-30"
BANDS = {
    "4": ("B4", "B3", "B2", "B8"),
    "10": ("B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B11", "B12"),
}
# Rows and columns that change: 15 % of the scene.
_CHANGED = ((slice(20, 52), slice(28, 60)), (slice(70, 90), slice(70, 94)))
_CHANGES = {
    "burn": {"B8": 0.5, "B4": 1.3, "B11": 1.5, "B12": 1.5},
    "flood": {"B8": 0.25, "B4": 0.9},
}
# What differs between dates and is no change: gain, one for all bands or one each, and offset.
_BY_BAND = (1, 1.05, 1.1, 1.15, 1.2, 1, 1, 0.9, 1, 1, 1, 1, 1)
_NUISANCES = {"none": (1, 0), "haze": (1.2, 0.02), "dark": (0.8, 0), "bands": (_BY_BAND, 0)}


def sentinel2_dates(rest: str) -> DataSet:
    """Reflectances of some of the five dates, in order of time: "<which>:<4 or 10>".

    "all" of them, those "before" the last, or the "clear" ones before it; of so many bands.

    Raises:
      ValueError: other words; IMAGING_DATA unset, or without the file.
    """
    name = f"sentinel2_dates:{rest}"
    which, _, count = rest.partition(":")
    before = [date for date in _DATES if date != LAST]
    parts = {"all": list(_DATES), "before": before, "clear": list(_CLEAR_BEFORE)}
    dates, bands = look_up(parts, which, name), look_up(BANDS, count, name)
    scenes = _scenes(bands)
    images = np.stack([scenes[_DATES[date]] for date in dates]).astype(np.float32)
    fields = {"image": cubes_of(len(bands), *images.shape[1:3])}
    found = Stacked(name, fields, {"image": images}, {"bands": list(bands)})
    found.names = dates
    return found


def sentinel2_change(last: str, rest: str) -> DataSet:
    """Opens "<burn or flood>:<nuisance>:<4 or 10>": windows of a date, in part changed.

    The clear dates before it are given. A window has changed where a quarter of it has. Nuisances:
    "none", "haze" (a gain of 1.2 and an offset of 0.02), "dark" (0.8) and "bands" (a gain each).

    Raises:
      ValueError: other words; IMAGING_DATA unset, or without the file.
    """
    kind = "sentinel2_change" if last == LAST else "sentinel2_change_held_back"
    name, words = f"{kind}:{rest}", rest.split(":")
    if len(words) != 3:
        raise ValueError(f"{name}: wanted {kind}:<burn or flood>:<nuisance>:<4 or 10>")
    factors = look_up(_CHANGES, words[0], name)
    gain, offset = look_up(_NUISANCES, words[1], name)
    bands = look_up(BANDS, words[2], name)
    scenes = _scenes(bands)
    gains = np.broadcast_to(gain, len(SENTINEL2_BANDS))[_places(bands)]
    after = scenes[_DATES[last]] * gains + offset
    changed = np.zeros(after.shape[:2], bool)
    for rows, columns in _CHANGED:
        changed[rows, columns] = True
    after[changed] *= [factors.get(band, 1.0) for band in bands]
    before = np.stack([scenes[_DATES[date]] for date in _CLEAR_BEFORE if date < last])
    return changed_windows(name, before, after, changed, bands)


def _scenes(bands: Sequence[str]) -> np.ndarray:
    path = "remote_sensing/sentinel2_eolearn/eopatch.npz"
    file = under_data(path, "the Sentinel-2 series")
    if not file.is_file():
        raise ValueError(f"the Sentinel-2 series: {file} isn't there")
    with np.load(file) as arrays:
        return arrays["reference_scenes_L1C"][..., _places(bands)].astype(np.float64)


def _places(bands: Sequence[str]) -> list[int]:
    return [SENTINEL2_BANDS.index(band) for band in bands]
