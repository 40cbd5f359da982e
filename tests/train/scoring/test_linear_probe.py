"""Probes of descriptors: the floors of the fact sheet, and what is refused."""

import pytest

from train.data.data_sets import data_set
from train.scoring.evaluation import evaluate
from train.scoring.protocols import PROTOCOLS
from train.systems.catalogue import system

PROBE = PROTOCOLS["linear_probe"]


@pytest.mark.parametrize(
    ("name", "labels", "ridge"),
    [
        # Ridge on one-hot labels, its weight the best on the test images (fact sheet 8.6): here it
        # is chosen among the labels.
        ("pixels", 100, 0.6516),
        pytest.param("pixels", 1_000, 0.8210, marks=pytest.mark.slow),
        ("random_features", 100, 0.7944),
        pytest.param("random_features", 1_000, 0.9490, marks=pytest.mark.slow),
    ],
)
def test_the_floors_on_mnist(name, labels, ridge, imaging_data):
    dataset = data_set("probe:mnist:train@mnist:test")
    values = evaluate(system(f"descriptor:{name}"), dataset, PROBE, labels).values
    assert values["ridge_accuracy"] == pytest.approx(ridge, abs=0.025)
    if (name, labels) == ("pixels", 1_000):
        assert values["neighbour_accuracy"] == pytest.approx(0.8157, abs=0.002)


def test_what_no_probe_can_see_is_refused():
    digits = data_set("digits_test:16")
    with pytest.raises(ValueError, match=r"wanted probe:<set to fit to>@digits_test:16"):
        evaluate(system("descriptor:pixels"), digits, PROBE, 100)
    probed = data_set("probe:digits:16@digits_test:16")
    with pytest.raises(ValueError, match="labels=10: wanted 20 at least, two a class"):
        evaluate(system("descriptor:pixels"), probed, PROBE, 10)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("probe:digits", "wanted probe:<set to fit to>@<set to score>"),
        ("probe:digits@drawn_changes:40:1", "drawn_changes:40:1 has no labels"),
        ("probe:digits:16@digits_test:28", r"digits:16: image is image of \(16, 16, 1\)"),
    ],
)
def test_sets_that_dont_belong_together_are_refused(name, message):
    with pytest.raises(ValueError, match=message):
        data_set(name)
