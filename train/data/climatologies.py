"""What a season usually brings: linear regressions of series on the time of the year."""

from collections.abc import Callable

import numpy as np

from train.config.registry import look_up


def _months(years: np.ndarray, origin: float) -> np.ndarray:
    # Counted from the first step, so that months of 28 to 31 days fall into twelve whatever day
    # they are dated by.
    month = np.rint(12 * (years - origin)).astype(int) % 12
    return np.eye(12)[month]


def _harmonic(years: np.ndarray, origin: float) -> np.ndarray:
    del origin
    phase = 2 * np.pi * years
    return np.stack([np.ones_like(phase), np.sin(phase), np.cos(phase)], axis=1)


def _harmonic_trend(years: np.ndarray, origin: float) -> np.ndarray:
    return np.concatenate([_harmonic(years, origin), (years - origin)[:, None]], axis=1)


# By name: (times in years (T,), the first one) -> regressors (T, terms).
CLIMATOLOGIES: dict[str, Callable[[np.ndarray, float], np.ndarray]] = {
    "monthly": _months,
    "harmonic": _harmonic,
    "harmonic_trend": _harmonic_trend,
}


class Climatology:
    """A climatology fitted to every pixel and channel of a series by least squares.

    Args:
      kind: a name of CLIMATOLOGIES: the mean of each month, a mean and one wave a year, or these
        and a trend.
      years: times of the steps fitted to, in years.
      values: (T, ...) at these.
      name: of the series, for messages.

    Raises:
      ValueError: an unknown kind, or less than a year to fit to.
    """

    def __init__(self, kind: str, years: np.ndarray, values: np.ndarray, name: str):
        self._design = look_up(CLIMATOLOGIES, kind, f"{name}: climatology")
        step = (years[-1] - years[0]) / max(len(years) - 1, 1)
        covered = step * len(years)
        # Dates are whole days.
        if covered < 1 - 1 / 365:
            raise ValueError(
                f"{name}: a climatology is fitted to {covered:.2f} years, wanted one at least"
            )
        self._origin = years[0]
        self._shape = values.shape[1:]
        rows = np.float64(values).reshape(len(values), -1)
        self._weights = np.linalg.lstsq(self._design(years, self._origin), rows)[0]

    def __call__(self, years: np.ndarray) -> np.ndarray:
        """What is usual at these times (T,): (T, ...) in float64."""
        fitted = self._design(np.atleast_1d(years), self._origin) @ self._weights
        return fitted.reshape(-1, *self._shape)
