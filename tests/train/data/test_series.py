"""Series cut in time: no part tells of a later one, windows hold what they say, gaps are named."""

import jax
import numpy as np
import pytest

from train.data.climatologies import Climatology
from train.data.data_sets import data_set
from train.data.series import Series
from train.data.series_windows import SeriesWindows
from train.state.devices import data_mesh


def monthly(months=60, seed=0, side=3):
    values = np.random.default_rng(seed).normal(size=(months, side, side, 1)).astype(np.float32)
    return Series("drawn", values, np.arange(months) / 12, 30, 45)


def test_what_comes_later_changes_no_earlier_part():
    series, other = monthly(), monthly()
    other.values[45:] = 1e6
    for split in ("fit", "train", "held_back"):
        for name in ("series", "climatology", "deviation", "years", "first"):
            a, b = series.part(split, "a")[0][name], other.part(split, "b")[0][name]
            np.testing.assert_array_equal(a, b)
    # Of the test too, climatology and deviation are those of the steps before.
    a, b = (x.part("test", "x")[0] for x in (series, other))
    np.testing.assert_array_equal(a["climatology"], b["climatology"])
    assert a["deviation"] == b["deviation"]


def test_parts_follow_each_other():
    series = monthly()
    lengths = {name: len(series.part(name, name)[0]["series"]) for name in ("fit", "held_back")}
    assert lengths == {"fit": 30, "held_back": 45}
    firsts = {s: int(series.part(s, s)[0]["first"]) for s in ("fit", "train", "held_back", "test")}
    assert firsts == {"fit": 0, "train": 0, "held_back": 30, "test": 45}


def test_climatologies_find_what_they_describe():
    years = np.arange(48) / 12
    month = np.arange(48) % 12
    table = np.random.default_rng(0).normal(size=(12, 2))
    usual = Climatology("monthly", years[:36], table[month[:36]], "x")
    np.testing.assert_allclose(usual(years), table[month], atol=1e-12)
    wave = 3 + 2 * np.sin(2 * np.pi * years) - np.cos(2 * np.pi * years) + 0.5 * years
    trend = Climatology("harmonic_trend", years[:36], wave[:36, None], "x")
    np.testing.assert_allclose(trend(years)[:, 0], wave, atol=1e-12)


def test_months_of_any_day_fall_into_twelve():
    # From 1970 on, the first of each month: 59 days of a year are 1.94 twelfths.
    dates = np.arange("2001-01", "2005-01", dtype="datetime64[M]").astype("datetime64[D]")
    years = 1970 + dates.astype(float) / 365.25
    values = np.arange(12.0)[np.arange(48) % 12][:, None]
    np.testing.assert_allclose(Climatology("monthly", years, values, "x")(years), values, atol=1e-9)


def test_less_than_a_year_tells_no_climatology():
    with pytest.raises(ValueError, match=r"x: a climatology is fitted to 0\.92 years"):
        Climatology("harmonic", np.arange(11) / 12, np.zeros((11, 1)), "x")


def test_windows_are_cut_of_the_series():
    data = SeriesWindows("ecv:fit:8", batch_size=64, patch_size=3, history=4, horizon=2)
    batch = jax.jit(data.batch)(jax.random.key(0), next(data.inputs(0, data_mesh())))
    assert {name: x.shape[1:] for name, x in batch.items()} == {
        name: field.shape for name, field in data.fields.items()
    }
    item = data_set("ecv:fit:8")[0]
    series, usual = item["series"], item["climatology"]
    starts = set()
    for history, climate, target in zip(
        *(np.asarray(batch[name]) for name in ("history", "climatology", "target")), strict=True
    ):
        ((start, row, column),) = np.argwhere(series[:, :, :, 0] == history[0, 0, 0, 0])
        starts.add(start)
        place = np.s_[row : row + 3, column : column + 3]
        np.testing.assert_array_equal(history, series[start : start + 4][:, *place])
        np.testing.assert_array_equal(target, series[start + 5][place])
        steps = [*range(start, start + 4), start + 5]
        np.testing.assert_array_equal(climate, usual[steps][:, *place])
    assert max(starts) <= 144 - 6
    assert len(starts) > 30


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"series": "ecv:test:8"}, "wanted a part to learn from, fit or train"),
        ({"series": "adding:8"}, r"series is series of .* the data wants frames"),
        ({"patch_size": 9}, r"data\.patch_size=9: wanted 1 to 8, ecv:fit:8 has 8x8 pixels"),
        ({"history": 0}, r"data\.history=0: wanted at least 1"),
        ({"horizon": 0}, r"data\.horizon=0: wanted at least 1"),
        ({"history": 144}, "ecv:fit:8 has 144 steps, wanted as many as both"),
    ],
)
def test_windows_that_do_not_fit_are_refused(change, message):
    values = {"series": "ecv:fit:8", "batch_size": 2, "patch_size": 8, "history": 3, "horizon": 1}
    with pytest.raises(ValueError, match=message):
        SeriesWindows(**(values | change))


def write_csv(file, rows, header="date,a,b"):
    file.write_text("\n".join([header, *rows]) + "\n")
    return f"series:test:{file}"


def days(count=40, step=15):
    return [str(np.datetime64("2020-01-03") + step * i) for i in range(count)]


def test_a_table_is_a_series_of_one_pixel(tmp_path):
    rows = [f"{day},{i},{2 * i}" for i, day in enumerate(days())]
    item = data_set(write_csv(tmp_path / "a.csv", rows))[0]
    assert item["series"].shape == (40, 1, 1, 2)
    # Three quarters of 40 steps come before those that are scored.
    assert item["first"] == 30
    np.testing.assert_array_equal(item["series"][:, 0, 0, 1], 2 * np.arange(40))


@pytest.mark.parametrize(
    ("shape", "frames"),
    [((40,), (1, 1, 1)), ((40, 2), (1, 1, 2)), ((40, 4, 5), (4, 5, 1)), ((40, 4, 5, 3), (4, 5, 3))],
)
def test_arrays_of_any_axes_are_series(shape, frames, tmp_path):
    for name, times in (
        ("dates", np.array(days(), "datetime64[D]")),
        ("years", np.arange(40) / 12),
    ):
        np.savez(tmp_path / f"{name}.npz", times=times, values=np.zeros(shape))
        item = data_set(f"series:train:{tmp_path / name}.npz")[0]
        assert item["series"].shape == (30, *frames)


def test_months_are_even_steps(tmp_path):
    months = np.arange("2001-01", "2006-01", dtype="datetime64[M]").astype("datetime64[D]")
    rows = [f"{month},1,2" for month in months]
    assert len(data_set(write_csv(tmp_path / "a.csv", rows))[0]["series"]) == 60


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows[:7] + rows[8:], r"step 7 \(2020-05-02\) comes 30\.0 days after the one"),
        (
            lambda rows: [*rows[:5], rows[5].split(",")[0] + ",1,", *rows[6:]],
            r"step 5 \(2020-03-18\)",
        ),
        (lambda rows: [*rows[:5], rows[5].split(",")[0] + ",1,x", *rows[6:]], "step 5 has 'x'"),
        (lambda rows: [*rows[:5], rows[5].split(",")[0] + ",1", *rows[6:]], "step 5 has 2 columns"),
        (lambda rows: [f"spring,{row[11:]}" for row in rows], "times are neither years nor dates"),
        (lambda rows: [f"20150101,{row[11:]}" for row in rows], "2.01501e[+]07 is no year; times"),
        (lambda rows: rows[::-1], "step 1 .* comes -15.0 days after the one before"),
        (lambda rows: rows[:1], "got 1 times and 1 values, wanted as many, 2 at least"),
        (lambda rows: rows[:20], "wanted one at least"),
    ],
)
def test_gaps_and_other_tables_name_the_step(change, message, tmp_path):
    rows = [f"{day},{i},{2 * i}" for i, day in enumerate(days())]
    with pytest.raises(ValueError, match=message):
        data_set(write_csv(tmp_path / "a.csv", change(rows)))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ecv:tests", r"ecv:tests: wanted ecv:<split>\[:<pixels a side>\], with a split of fit"),
        ("ecv:test:3", "wanted at least 4 pixels a side"),
        ("series:test", "wanted series:<split>:<file.npz or file.csv>"),
        ("series:test:a.txt", "wanted a series in .npz or .csv"),
        ("ndvi:now", "ndvi:now: wanted ndvi:<split>"),
        ("adding:1", "adding:1: wanted adding:<steps, at least 2>"),
    ],
)
def test_other_words_are_refused(name, message):
    with pytest.raises(ValueError, match=message):
        data_set(name)


@pytest.mark.parametrize(
    ("name", "message"),
    [("a.npz", "wanted a series in .npz"), ("a.csv", "got 0 times and 0 values, wanted as many")],
)
def test_files_that_hold_nothing_are_refused(name, message, tmp_path):
    (tmp_path / name).write_bytes(b"PK\x03\x04" if name == "a.npz" else b"")
    with pytest.raises(ValueError, match=message):
        data_set(f"series:test:{tmp_path / name}")


def test_an_npz_of_something_else_is_refused(tmp_path):
    np.savez(tmp_path / "a.npz", times=np.arange(3), numbers=np.zeros(3))
    with pytest.raises(ValueError, match="has times, numbers; wanted times and values"):
        data_set(f"series:test:{tmp_path / 'a.npz'}")


def test_the_vegetation_series_is_that_of_the_figures_taken_elsewhere(imaging_data):
    # Mean, deviation and the first and last spatial means of 89 steps of 10 days.
    item = data_set("ndvi:test")[0]
    values = item["series"].astype(np.float64)
    assert values.shape == (89, 101, 100, 1)
    found = [values.mean(), values.std(), values[0].mean(), values[-1].mean()]
    np.testing.assert_allclose(found, [0.53892, 0.17686, 0.73212, 0.23231], atol=1e-5)


def test_the_constant_one_errs_by_the_known_figure():
    # The variance of the sum of two uniform numbers, 1/6; Bai et al., 2018, quote .1767.
    target = data_set("adding_test:100").arrays["target"]
    assert np.mean((target - 1) ** 2) == pytest.approx(1 / 6, abs=0.02)
    series = data_set("adding_test:100").arrays["series"]
    np.testing.assert_array_equal(series[:, :50, 1].sum(axis=1), 1)
    np.testing.assert_array_equal(series[:, 50:, 1].sum(axis=1), 1)
    np.testing.assert_allclose(
        (series[..., 0] * series[..., 1]).sum(axis=1)[:, None], target, atol=1e-6
    )
