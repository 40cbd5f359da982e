"""Series that people have: times and values in .npz or .csv."""

import csv
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

# Months differ by a tenth in their days.
_UNEVEN = 0.125
_DAYS_A_YEAR = 365.25
# Numbers beyond are dates written together, or seconds.
_LAST_YEAR = 9999


def read_series(file: Path) -> tuple[np.ndarray, np.ndarray]:
    """Times in years (T,) and values (T, H, W, C) of a file.

    An .npz has "times", dates or numbers of years, and "values" (T,), (T, C), (T, H, W) or
    (T, H, W, C). A .csv has a header, the times in the first column and a channel in each other.

    Raises:
      ValueError: another file, values that are missing, no numbers or not finite, or steps of
        uneven length, each with the step.
      FileNotFoundError: no such file.
    """
    if file.suffix == ".npz":
        times, values = _of_npz(file)
    elif file.suffix == ".csv":
        times, values = _of_csv(file)
    else:
        raise ValueError(f"{file}: wanted a series in .npz or .csv")
    if len(times) != len(values) or len(times) < 2:
        raise ValueError(
            f"{file}: got {len(times)} times and {len(values)} values, wanted as many, 2 at least"
        )
    try:
        values = values.astype(np.float32)
    except (TypeError, ValueError):
        raise ValueError(f"{file}: values are {values.dtype}, wanted numbers") from None
    years = _in_years(times, file)
    _check_even(years, times, file)
    gone = ~np.isfinite(values.reshape(len(values), -1)).all(axis=1)
    if gone.any():
        step = int(np.argmax(gone))
        raise ValueError(
            f"{file}: the values of step {step} ({times[step]}) aren't all finite; fill gaps first"
        )
    return years, _as_frames(values, file)


def _of_npz(file: Path) -> tuple[np.ndarray, np.ndarray]:
    try:
        opened = np.load(file)
    except (ValueError, BadZipFile) as error:
        raise ValueError(f"{file}: wanted a series in .npz; {error}") from None
    with opened as arrays:
        missing = [name for name in ("times", "values") if name not in arrays]
        if missing:
            raise ValueError(f"{file} has {', '.join(arrays)}; wanted times and values")
        return arrays["times"], arrays["values"]


def _of_csv(file: Path) -> tuple[np.ndarray, np.ndarray]:
    with file.open(newline="", encoding="utf-8") as lines:
        header, *rows = [row for row in csv.reader(lines) if row] or [[]]
    for number, row in enumerate(rows):
        if len(row) != len(header) or len(row) < 2:
            raise ValueError(
                f"{file}: step {number} has {len(row)} columns, wanted {max(len(header), 2)}"
            )
    values = [[_number(word, step, file) for word in row[1:]] for step, row in enumerate(rows)]
    return np.array([row[0] for row in rows]), np.array(values)


def _number(word: str, step: int, file: Path) -> float:
    try:
        return float(word) if word.strip() else np.nan
    except ValueError:
        raise ValueError(f"{file}: step {step} has {word!r}, wanted a number") from None


def _in_years(times: np.ndarray, file: Path) -> np.ndarray:
    if not np.issubdtype(times.dtype, np.datetime64):
        try:
            years = times.astype(np.float64)
        except ValueError:
            pass
        else:
            return _checked_years(years, file)
    try:
        days = times.astype("datetime64[s]").astype(np.float64) / 86_400
    except ValueError as error:
        raise ValueError(f"{file}: times are neither years nor dates; {error}") from None
    return 1970 + days / _DAYS_A_YEAR


def _checked_years(years: np.ndarray, file: Path) -> np.ndarray:
    if beyond := [float(year) for year in years if abs(year) > _LAST_YEAR][:1]:
        raise ValueError(
            f"{file}: {beyond[0]:g} is no year; times are years such as 2015.5, or dates such as "
            "2015-07-11"
        )
    return years


def _check_even(years: np.ndarray, times: np.ndarray, file: Path) -> None:
    steps = np.diff(years)
    usual = np.median(steps)
    uneven = ~(np.abs(steps - usual) <= _UNEVEN * usual)
    if usual <= 0 or uneven.any():
        step = int(np.argmax(uneven)) + 1
        raise ValueError(
            f"{file}: step {step} ({times[step]}) comes {_DAYS_A_YEAR * steps[step - 1]:.1f} days "
            f"after the one before, wanted about {_DAYS_A_YEAR * usual:.1f} as elsewhere; "
            "interpolate to even steps first"
        )


def _as_frames(values: np.ndarray, file: Path) -> np.ndarray:
    if values.ndim not in (1, 2, 3, 4):
        raise ValueError(f"{file}: values are {values.shape}, wanted (T,) to (T, H, W, C)")
    steps, *shape = values.shape
    shape = {0: (1, 1, 1), 1: (1, 1, *shape), 2: (*shape, 1), 3: tuple(shape)}[len(shape)]
    return values.reshape(steps, *shape)
