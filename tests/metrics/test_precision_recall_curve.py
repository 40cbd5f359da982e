"""Precision and recall over all thresholds: the check values of the fact sheet, and chance."""

import numpy as np
import pytest

from imaging_jax.metrics import (
    agreement,
    average_precision,
    best_f1,
    precision_recall_curve,
    trapezoid_auprc,
)

LABELS = [1, 0, 1, 1, 0, 0]
SCORES = [0.9, 0.8, 0.7, 0.7, 0.3, 0.1]


def test_check_values():
    curve = precision_recall_curve(LABELS, SCORES)
    np.testing.assert_allclose(curve.precision, [1, 0.5, 0.75, 0.6, 0.5])
    np.testing.assert_allclose(curve.recall, [1 / 3, 1 / 3, 1, 1, 1])
    np.testing.assert_allclose(curve.thresholds, [0.9, 0.8, 0.7, 0.3, 0.1])
    assert trapezoid_auprc(LABELS, SCORES) == pytest.approx(0.75)
    assert average_precision(LABELS, SCORES) == pytest.approx(0.8333, abs=5e-5)
    assert best_f1(LABELS, SCORES) == (pytest.approx(0.8571, abs=5e-5), 0.7)


def test_the_order_of_pixels_is_none():
    order = np.random.default_rng(0).permutation(6)
    shuffled = np.asarray(LABELS)[order].reshape(2, 3), np.asarray(SCORES)[order].reshape(2, 3)
    assert trapezoid_auprc(*shuffled) == pytest.approx(0.75)


def test_scores_that_say_nothing_give_the_share_of_positives():
    generator = np.random.default_rng(0)
    labels, scores = generator.random(20_000) < 0.3, generator.random(20_000)
    assert trapezoid_auprc(labels, scores) == pytest.approx(0.3, abs=0.02)
    assert average_precision(labels, scores) == pytest.approx(0.3, abs=0.02)
    # All alike are one threshold.
    assert average_precision(labels, np.ones(20_000)) == pytest.approx(labels.mean())


def test_agreement_is_that_of_the_counts():
    labels, found = np.array([1, 1, 1, 0, 0, 0, 0, 0]), np.array([1, 1, 0, 1, 0, 0, 0, 0])
    values = agreement(labels, found)
    both, false, missed = 2, 1, 1
    expected = {
        "precision": 2 / 3,
        "recall": 2 / 3,
        "f1": 2 * both / (2 * both + false + missed),
        "iou": both / (both + false + missed),
        "accuracy": 6 / 8,
    }
    chance = 3 / 8 * 3 / 8 + 5 / 8 * 5 / 8
    expected["kappa"] = (6 / 8 - chance) / (1 - chance)
    assert values == pytest.approx(expected)
    assert values["iou"] == pytest.approx(values["f1"] / (2 - values["f1"]))
    assert agreement([0, 0], [0, 0])["precision"] == 0.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: trapezoid_auprc([1, 0], [0.5]), "scores: expected 2 of them, got 1"),
        (lambda: trapezoid_auprc([0, 0], [0.5, 0.1]), "labels: expected some that are positive"),
        (lambda: best_f1([1, 0], [np.nan, 0.1]), "scores: expected numbers, got some that are"),
        (lambda: agreement([1, 0], [1]), r"found: expected shape \(2,\), got \(1,\)"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
