"""Sets of series, cut in time: generated, measured, and people's own."""

from functools import cache
from pathlib import Path

import jax
import numpy as np

from imaging_jax import synthesis
from imaging_jax.data_root import under_data
from train.data.data_set import DataSet
from train.data.drawn import TEST_KEY
from train.data.series import Series, check_split
from train.data.series_files import read_series

# Months of the generated series, those learnt from, and of these the last two years held back.
_MONTHS, _TRAINING, _FITTED = 210, 168, 144
# Dates with more clouds aren't used.
_CLOUDED = 0.05
# Days between steps, steps that are trained on, and of these the last four months held back.
_STEP, _NDVI_TRAINING, _NDVI_FITTED = 10, 63, 51


def ecv(rest: str) -> DataSet:
    """Opens "<split>[:<side>]": a generated essential climate variable, 28 pixels or as asked.

    Raises:
      ValueError: other words.
    """
    split, _, word = rest.partition(":")
    check_split(split, f"ecv:{rest}", "ecv:<split>[:<pixels a side>]")
    if not (word or "28").isdigit() or int(word or 28) < 4:
        raise ValueError(f"ecv:{rest}: wanted at least 4 pixels a side")
    return _generated(int(word or 28)).part(split, f"ecv:{rest}")


@cache
def _generated(side: int) -> Series:
    draw = jax.jit(lambda key: synthesis.climate_variable(key, _MONTHS, (side, side)))
    values, years = np.asarray(draw(jax.random.key(TEST_KEY))), np.arange(_MONTHS) / 12
    return Series("ecv", values, years, _FITTED, _TRAINING, "harmonic_trend")


def ndvi(split: str) -> DataSet:
    """Opens a split of the vegetation index of a Sentinel-2 scene, 89 steps of 10 days.

    Of 68 dates, the 30 with less than 5 % of clouds are interpolated linearly at each pixel. The
    first 63 steps, to 2017-03-22, are trained on.

    Raises:
      ValueError: another split, or IMAGING_DATA is unset.
      FileNotFoundError: no file there.
    """
    check_split(split, f"ndvi:{split}", "ndvi:<split>")
    file = under_data("remote_sensing/sentinel2_eolearn/eopatch.npz", f"ndvi:{split}")
    return _vegetation(file).part(split, f"ndvi:{split}")


@cache
def _vegetation(file: Path) -> Series:
    with np.load(file) as arrays:
        clear = arrays["clm"].mean(axis=(1, 2, 3)) < _CLOUDED
        values = arrays["ndvi"][clear].astype(np.float64)
        dates = arrays["timestamps"].astype("datetime64[D]")
    days = (dates - dates[0]).astype(int)[clear]
    steps = np.arange(0, days[-1] + 1, _STEP)
    before = np.clip(np.searchsorted(days, steps, side="right") - 1, 0, len(days) - 2)
    share = (steps - days[before]) / (days[before + 1] - days[before])
    share = share[:, None, None, None]
    even = (1 - share) * values[before] + share * values[before + 1]
    years = 1970 + (dates[0].astype(int) + steps) / 365.25
    return Series("ndvi", even.astype(np.float32), years, _NDVI_FITTED, _NDVI_TRAINING)


def series(rest: str) -> DataSet:
    """Opens "<split>:<file>", see `train.data.series_files.read_series`.

    The last quarter of the steps is scored; of those before, the last fifth is held back.

    Raises:
      ValueError: other words, or a file that can't be used.
      FileNotFoundError: no such file.
    """
    split, _, word = rest.partition(":")
    form = "series:<split>:<file.npz or file.csv>"
    check_split(split, f"series:{rest}", form)
    if not word:
        raise ValueError(f"series:{rest}: wanted {form}")
    years, values = read_series(Path(word))
    test = len(values) * 3 // 4
    return Series("series", values, years, test * 4 // 5, test).part(split, f"series:{rest}")
