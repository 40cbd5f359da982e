"""Forecasts without training: the last image, a year ago, what is usual, and regressions."""

from collections.abc import Callable
from functools import cache

import numpy as np

from train.data.climatologies import CLIMATOLOGIES, Climatology
from train.data.data_sets import data_set
from train.data.fields import Field, check_fields
from train.systems.system import Origin, System

_SERIES = {
    "series": Field((None, None, None, None), "float32", "frames"),
    "years": Field((None,), "float64", "series"),
}
_YEAR = Field((), "float64", "figure")
# Added to the diagonal of the ridge regression's normal equations.
_RIDGE = 1.0


def persistence() -> System:
    """The last image again."""
    return _system("persistence", "none", _history(1), lambda x, _: x["history"][:, -1], fit=False)


def previous_year(series: str) -> System:
    """The image of a year before, by the steps of a series; the mean of two where none fits.

    Raises:
      ValueError: a set of something else.
    """
    values, years = _fitted(series, f"previous_year:{series}")
    lags = (len(years) - 1) / (years[-1] - years[0])
    # Dates are whole days: a year of months isn't exactly twelve of their mean steps.
    near, far = (round(lags),) * 2 if abs(lags - round(lags)) < 0.1 else (int(lags), int(lags) + 1)

    def predicted(inputs, horizon):
        if horizon > near:
            raise ValueError(f"horizon={horizon}: a year has {lags:.1f} steps")
        history = inputs["history"]
        return (history[:, -1 - near + horizon] + history[:, -1 - far + horizon]) / 2

    return _system("previous_year", series, _history(far, values.shape[1:]), predicted)


def climatology(kind: str, series: str) -> System:
    """What is usual at the time of the year, by a climatology fitted to a series.

    Raises:
      ValueError: an unknown kind, a set of something else, or of less than a year.
    """
    name = f"climatology:{kind}:{series}"
    values, years = _fitted(series, name)
    usual = Climatology(_known(kind, name), years, values, name)
    takes = {**_history(1, values.shape[1:]), "year": _YEAR}
    weights = f"{kind}_of_{series}"
    return _system("climatology", weights, takes, lambda inputs, _: usual(inputs["year"]))


def climatology_ar(kind: str, series: str) -> System:
    """A climatology, and the last anomaly times one factor of the horizon, fitted likewise.

    Raises:
      ValueError: as `climatology`.
    """
    name = f"climatology_ar:{kind}:{series}"
    values, years = _fitted(series, name)
    usual = Climatology(_known(kind, name), years, values, name)
    anomalies = values - usual(years)
    step = (years[-1] - years[0]) / (len(years) - 1)

    @cache
    def factor(horizon: int) -> float:
        before, after = anomalies[:-horizon], anomalies[horizon:]
        return float(np.sum(before * after) / np.sum(before**2))

    def predicted(inputs, horizon):
        if horizon >= len(years):
            raise ValueError(f"horizon={horizon}: {series} has {len(years)} steps")
        anomaly = inputs["history"][:, -1] - usual(inputs["year"] - horizon * step)
        return usual(inputs["year"]) + factor(horizon) * anomaly

    takes = {**_history(1, values.shape[1:]), "year": _YEAR}
    return _system("climatology_ar", f"{kind}_of_{series}", takes, predicted)


def ridge(lags: str, series: str) -> System:
    """A linear regression on the last images, one for all pixels and channels, with a constant.

    Raises:
      ValueError: no number of lags, or a set of something else or that is too short.
    """
    name = f"ridge:{lags}:{series}"
    if not lags.isdigit() or lags == "0":
        raise ValueError(f"{name}: wanted ridge:<lags>:<set>")
    values, _ = _fitted(series, name)
    count = int(lags)

    @cache
    def weights(horizon: int) -> np.ndarray:
        steps = range(count - 1 + horizon, len(values))
        if not steps:
            raise ValueError(f"{name}, horizon={horizon}: {series} has {len(values)} steps")
        normal, moment = _RIDGE * np.eye(count + 1), np.zeros(count + 1)
        for step in steps:
            rows = _regressors(values[step - horizon - count + 1 : step - horizon + 1])
            normal += rows.T @ rows
            moment += rows.T @ values[step].ravel()
        return np.linalg.solve(normal, moment)

    def predicted(inputs, horizon):
        rows = [_regressors(history) @ weights(horizon) for history in inputs["history"]]
        return np.stack(rows).reshape(-1, *values.shape[1:])

    return _system(
        "ridge", f"{lags}_lags_of_{series}", _history(count, values.shape[1:]), predicted
    )


def _regressors(history: np.ndarray) -> np.ndarray:
    """(pixels, lags + 1) of a history (lags, H, W, C), the constant last."""
    lags = history.reshape(len(history), -1)
    return np.concatenate([lags, np.ones((1, lags.shape[1]))]).T


def _known(kind: str, name: str) -> str:
    if kind not in CLIMATOLOGIES:
        raise ValueError(f"{name}: wanted a climatology of {', '.join(CLIMATOLOGIES)}, and a set")
    return kind


def _fitted(series: str, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Values (T, H, W, C) in float64 and years of the steps of a set that may be fitted to."""
    source = data_set(series)
    check_fields(source.fields, _SERIES, source.name, name)
    item = source[0]
    if item["first"]:
        raise ValueError(f"{name}: {series} is scored; wanted a part to learn from, fit or train")
    return item["series"].astype(np.float64), item["years"]


def _history(length: int, shape: tuple[int | None, ...] = (None,) * 3) -> dict[str, Field]:
    return {"history": Field((length, *shape), "float32", "frames")}


def _system(
    name: str,
    weights: str,
    takes: dict[str, Field],
    predicted: Callable[[dict, int], np.ndarray],
    fit: bool = True,
) -> System:
    def apply(inputs, horizon):
        arrays = {key: np.asarray(value, np.float64) for key, value in inputs.items()}
        return {"frame": predicted(arrays, horizon)}

    gives = {"frame": Field(takes["history"].shape[1:], "float64", "image")}
    origin = Origin("fitted" if fit else "interpolation", precision="float64")
    return System(name, weights, apply, origin, takes, gives, {"horizon": ()})
