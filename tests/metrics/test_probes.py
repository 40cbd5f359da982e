"""Probes of features against closed forms, stationarity and loops."""

import numpy as np
import pytest
from scipy.special import softmax

from imaging_jax.metrics import (
    linear_scores,
    logistic_probe,
    neighbour_probe,
    ridge_probe,
    standardize,
)

GENERATOR = np.random.default_rng(0)
CENTRES = GENERATOR.standard_normal((3, 5))
LABELS = np.repeat([0, 1, 2], 20)
FEATURES = CENTRES[LABELS] + 0.7 * GENERATOR.standard_normal((60, 5))
CHOOSES = np.arange(60) % 5 == 0


def test_features_are_standardised_by_the_training_set():
    others = GENERATOR.standard_normal((7, 6))
    train = np.concatenate([FEATURES, np.ones((60, 1))], axis=1)
    own, (again,) = standardize(train, others)
    np.testing.assert_allclose(own[:, :5].mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(own[:, :5].std(axis=0), 1)
    expected = (others[:, :5] - FEATURES.mean(axis=0)) / FEATURES.std(axis=0)
    np.testing.assert_allclose(again[:, :5], expected)
    # What doesn't vary says nothing.
    assert not own[:, 5].any()
    assert not again[:, 5].any()


def test_ridge_solves_the_normal_equations_of_all_labels():
    found = ridge_probe(FEATURES, LABELS, 3, CHOOSES, weights=(0.1,))
    design = np.concatenate([FEATURES, np.ones((60, 1))], axis=1)
    left = design.T @ design / 60 + 0.1 * np.eye(6)
    np.testing.assert_allclose(found, np.linalg.solve(left, design.T @ np.eye(3)[LABELS] / 60))


def test_the_weight_is_chosen_by_labels_that_are_held_back():
    # Of the two, only the smaller one lets features speak.
    both = ridge_probe(FEATURES, LABELS, 3, CHOOSES, weights=(1e6, 0.1))
    np.testing.assert_allclose(both, ridge_probe(FEATURES, LABELS, 3, CHOOSES, weights=(0.1,)))


def test_logistic_regression_ends_where_its_gradient_is_zero():
    found = logistic_probe(FEATURES, LABELS, 3, CHOOSES, weights=(0.01,))
    design = np.concatenate([FEATURES, np.ones((60, 1))], axis=1)
    shares = softmax(design @ found, axis=1)
    penalty = 0.01 * np.concatenate([found[:-1], np.zeros((1, 3))])
    gradient = design.T @ (shares - np.eye(3)[LABELS]) / 60 + penalty
    np.testing.assert_allclose(gradient, 0, atol=1e-4)
    told = linear_scores(FEATURES, found).argmax(axis=1)
    assert np.mean(told == LABELS) > 0.85


@pytest.mark.parametrize("neighbours", [1, 5, 99])
def test_neighbours_vote(neighbours):
    asked = GENERATOR.standard_normal((9, 5))
    found = neighbour_probe(FEATURES, LABELS, 3, asked, neighbours)
    for feature, label in zip(asked, found, strict=True):
        norms = np.linalg.norm(FEATURES, axis=1) * np.linalg.norm(feature)
        cosines = FEATURES @ feature / norms
        votes = np.bincount(LABELS[np.argsort(-cosines)[:neighbours]], minlength=3)
        assert votes[label] == votes.max()
