"""Scores of what is found: the toy example of the fact sheet, and orders written out."""

import numpy as np
import pytest

from imaging_jax.metrics import average_precisions, nmrr, precision_at, ranked_relevance, recall_at

POINTS = np.array([0, 1, 2.5, 2.4, 5])
LABELS = np.array([0, 0, 0, 1, 1])


def toy():
    distances = np.abs(POINTS[:, None] - POINTS)
    return ranked_relevance(distances, LABELS, LABELS, np.arange(5))


def test_check_values():
    assert average_precisions(toy()).mean() == pytest.approx(0.6)
    assert precision_at(toy(), 1).mean() == pytest.approx(0.4)
    assert precision_at(toy(), 2).mean() == pytest.approx(0.4)
    assert nmrr(toy()).mean() == pytest.approx(0.314286, abs=5e-7)


def test_the_best_and_the_worst_order():
    best = np.array([[True, True, False, False, False, False, False, False, False]])
    assert average_precisions(best) == [1.0]
    assert nmrr(best) == [0.0]
    worst = best[:, ::-1]
    assert nmrr(worst) == [1.0]
    # Ranks 8 and 9: (1/8 + 2/9) / 2.
    assert average_precisions(worst) == [pytest.approx((1 / 8 + 2 / 9) / 2)]
    assert recall_at(worst, 7) == 0.0
    assert recall_at(worst, 8) == 1.0


def test_equal_distances_keep_the_order_and_the_query_is_left_out():
    distances = np.zeros((2, 4))
    relevant = ranked_relevance(distances, [7, 8], [7, 8, 7, 8], own=[0, 1])
    assert relevant.tolist() == [[False, True, False], [False, False, True]]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ranked_relevance(np.ones((2, 3)), [0], [0, 1, 2]), r"expected shape \(1, 3\)"),
        (lambda: ranked_relevance([[np.nan, 1]], [0], [0, 0]), "expected numbers, got some"),
        (lambda: ranked_relevance(np.ones((1, 2)), [5], [0, 1]), "of the class 5 there is nothing"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
