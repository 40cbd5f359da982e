"""Scores of maps of change: the tables of the fact sheet, clouds left out, bands checked."""

import dataclasses

import numpy as np
import pytest

from train.data.change_sets import changed_windows, fields_of_changes
from train.data.data_set import Stacked
from train.data.data_sets import data_set
from train.data.tile_data import scene_tiles
from train.scoring.evaluation import evaluate
from train.scoring.protocols import PROTOCOLS
from train.systems.catalogue import system
from train.systems.system import Origin, System

PCA = "pca_codes:32:sentinel2_dates:clear:4"
# Areas by trapezoids: pixels by cosine and by distance, of one and of two dates before; the
# untrained encoder by cosine, likewise, and by distance; components by distance and by cosine.
SYSTEMS = [
    "pixel_change:cosine:1",
    "pixel_change:cosine:2",
    "pixel_change:euclidean:1",
    "pixel_change:euclidean:2",
    "change:cosine:1:ravaen_untrained",
    "change:cosine:2:ravaen_untrained",
    "change:euclidean:1:ravaen_untrained",
]
COMPONENTS = [f"change:euclidean:1:{PCA}", f"change:cosine:1:{PCA}"]
FOUR_BANDS = {
    "burn:none": (0.963, 0.967, 1.000, 1.000, 0.978, 0.978, 0.985, 0.988, 0.828),
    "burn:haze": (0.342, 0.387, 0.920, 0.845, 0.946, 0.943, 0.948, 0.899, 0.311),
    "burn:bands": (0.952, 0.963, 1.000, 1.000, 0.971, 0.971, 0.982, 0.989, 0.478),
    "flood:none": (0.969, 0.970, 1.000, 1.000, 0.981, 0.981, 0.986, 0.995, 0.756),
    "flood:haze": (0.828, 0.878, 0.978, 0.940, 0.521, 0.515, 0.382, 0.910, 0.278),
}
TRAINED = [
    "pixel_change:cosine:1",
    "pixel_change:euclidean:1",
    "change:cosine:1:ravaen_small_10",
    "change:euclidean:1:ravaen_small_10",
]
TEN_BANDS = {
    "burn:none": (0.975, 0.997, 0.951, 0.798),
    "burn:haze": (0.905, 0.942, 0.775, 0.505),
    "burn:dark": (0.880, 0.966, 0.941, 0.849),
    "burn:bands": (0.960, 1.000, 0.939, 0.879),
    "flood:none": (0.989, 1.000, 0.972, 0.893),
    "flood:haze": (0.911, 0.948, 0.861, 0.671),
    "flood:dark": (0.946, 0.999, 0.949, 0.864),
    "flood:bands": (0.989, 1.000, 0.968, 0.938),
}


@pytest.fixture(scope="module")
def opened():
    found = {}
    return lambda name: found.setdefault(name, system(name))


@pytest.mark.parametrize(
    ("names", "first", "table", "bands"),
    [
        (SYSTEMS, 0, FOUR_BANDS, 4),
        pytest.param(COMPONENTS, 7, FOUR_BANDS, 4, marks=pytest.mark.slow),
        (TRAINED, 0, TEN_BANDS, 10),
    ],
)
def test_the_sheets_table(names, first, table, bands, opened, imaging_data):
    for case, expected in table.items():
        dataset = data_set(f"sentinel2_change:{case}:{bands}")
        for name, area in zip(names, expected[first : first + len(names)], strict=True):
            values = evaluate(opened(name), dataset, PROTOCOLS["change"], batch_size=81).values
            assert values["auprc"] == pytest.approx(area, abs=0.0021), (case, name)
            assert values["prevalence"] == pytest.approx(28 / 81)


def answering(change, dataset):
    takes = {name: dataset.fields[name] for name in ("before", "image")}
    gives = {"change": dataset.fields["change"]}
    gives["change"] = dataclasses.replace(gives["change"], kind="image", dtype="float32")
    return System("told", "none", lambda _: {"change": change}, Origin("fitted"), takes, gives)


def places(change):
    generator = np.random.default_rng(0)
    arrays = {
        "before": generator.random((2, 1, 4, 4, 4)).astype(np.float32),
        "image": generator.random((2, 4, 4, 4)).astype(np.float32),
        "change": np.asarray(change, np.uint8),
    }
    fields = fields_of_changes(1, 4, 4)
    return Stacked("places", fields, arrays, {"bands": ["B4", "B3", "B2", "B8"]})


def test_pixels_of_neither_label_dont_count():
    change = np.zeros((2, 4, 4, 1))
    change[:, :2] = 1
    change[:, :, 3] = 2
    scores = np.where(change == 1, 0.8, 0.1)
    # What is wrong under clouds is nothing.
    scores[change == 2] = 0.95
    dataset = places(change)
    values = evaluate(answering(scores, dataset), dataset, PROTOCOLS["change"], 2).values
    assert values["auprc"] == pytest.approx(1.0)
    assert values["prevalence"] == pytest.approx(0.5)
    assert values["precision_at_full_recall"] == pytest.approx(1.0)


def test_nothing_changed_is_refused():
    dataset = places(np.zeros((2, 4, 4, 1)))
    told = answering(np.ones((2, 4, 4, 1)), dataset)
    with pytest.raises(ValueError, match="places: nothing has changed there"):
        evaluate(told, dataset, PROTOCOLS["change"], 2)


def test_more_dates_than_there_are_is_refused():
    dataset = places(np.ones((2, 4, 4, 1)))
    with pytest.raises(ValueError, match="pixel_change:cosine:2: there are 1 dates before"):
        evaluate(system("pixel_change:cosine:2"), dataset, PROTOCOLS["change"], 2)


def test_bands_in_another_order_are_refused(imaging_data):
    dataset = places(np.ones((2, 4, 4, 1)))
    dataset.assets["bands"] = ["B2", "B3", "B4", "B8"]
    with pytest.raises(ValueError, match=r"places has the bands B2, B3, B4, B8; wanted the same"):
        evaluate(system("ravaen_untrained"), dataset, PROTOCOLS["change"], 2)
    # EuroSAT's files have B8A last.
    eurosat = [*("B2", "B3", "B4", "B5", "B6", "B7", "B8"), *("B11", "B12", "B8A")]
    dataset.assets["bands"] = eurosat
    with pytest.raises(ValueError, match="B12, B8A; wanted the same in this order"):
        evaluate(system("ravaen_untrained"), dataset, PROTOCOLS["change"], 2)


def test_a_network_of_other_bands_than_its_tiles_is_refused(imaging_data):
    from configs.change_detection import ravaen
    from train.engine.restore import build_task

    config = ravaen.get_config("tiny")
    config.model.bands = ("B2", "B3", "B4", "B8")
    data = scene_tiles("sentinel2_dates:before:4", 2, 32)
    with pytest.raises(ValueError, match=r"model.bands=B2, B3, B4, B8: data has the bands B4, B3"):
        build_task(config).check_data(data)


def test_windows_have_changed_where_a_quarter_has():
    changed = np.zeros((32, 48), bool)
    changed[:, 40:] = True
    found = changed_windows("w", np.ones((1, 32, 48, 4)), np.ones((32, 48, 4)), changed, "abcd")
    # Windows begin at 0, 8 and 16: of the last, a quarter.
    assert found.arrays["change"][:, 0, 0, 0].tolist() == [0, 0, 1]
    assert found.arrays["before"].shape == (3, 1, 32, 32, 4)


def test_what_changed_in_drawn_places_is_where_their_pixels_differ():
    dataset = data_set("drawn_changes:40:2")
    for item in dataset:
        inside = item["change"][..., 0] == 1
        assert 0.04 < inside.mean() < 0.3
        first, second = item["before"]
        after = item["image"]

        def unlike(x, y, inside=inside):
            # Whatever light there was, by a line through both.
            design = np.stack([x[~inside].ravel(), np.ones(x[~inside].size)], axis=1)
            fitted, *_ = np.linalg.lstsq(design, y[~inside].ravel())
            return np.abs(fitted[0] * x + fitted[1] - y).mean(axis=-1)

        assert unlike(first, second).max() < 0.03
        assert unlike(second, after)[~inside].max() < 0.03
        assert unlike(second, after)[inside].mean() > 0.03


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("change:manhattan:1:ravaen_untrained", "change:manhattan"),
        ("change:cosine:0:ravaen_untrained", "wanted a number of dates before, at least 1"),
        ("change:cosine:1:bicubic", "bicubic gives image, wanted codes"),
        ("pixel_change:kl:1", "pixel_change:kl:1"),
        ("pca_codes:0:sentinel2_dates:clear:4", "wanted 1 to"),
        ("few_shot:bicubic@digits", "wanted a set with labels and a system that gives codes"),
    ],
)
def test_systems_that_cant_be(name, message, imaging_data):
    with pytest.raises(ValueError, match=message):
        system(name)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("sentinel2_change:burn:4", "wanted sentinel2_change:<burn or flood>:<nuisance>:<4 or 10>"),
        ("sentinel2_change:quake:none:4", "quake"),
        ("sentinel2_dates:some:4", "some"),
        ("drawn_changes:x", r"wanted drawn_changes:<pixels a side>\[:<count>\]"),
    ],
)
def test_sets_of_other_words_are_refused(name, message):
    with pytest.raises(ValueError, match=message):
        data_set(name)
