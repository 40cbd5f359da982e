"""Losses of vectors and bits, against loops."""

import numpy as np
import pytest

from imaging_jax.losses import pairwise_hash_loss, semi_hard_triplet_loss


def by_loops(vectors, labels, margin):
    losses = []
    distances = ((vectors[:, None] - vectors[None]) ** 2).sum(axis=-1)
    for a in range(len(labels)):
        strangers = [n for n in range(len(labels)) if labels[n] != labels[a]]
        for p in range(len(labels)):
            if p == a or labels[p] != labels[a] or not strangers:
                continue
            farther = [distances[a, n] for n in strangers if distances[a, n] > distances[a, p]]
            negative = min(farther) if farther else max(distances[a, n] for n in strangers)
            losses.append(max(0.0, distances[a, p] - negative + margin))
    return np.mean(losses)


def test_triplets_are_those_of_loops(x64):
    generator = np.random.default_rng(0)
    vectors = generator.standard_normal((9, 4))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    labels = np.array([0, 0, 1, 1, 1, 2, 0, 2, 3])
    found = semi_hard_triplet_loss(vectors, labels, 0.3)
    assert float(found) == pytest.approx(by_loops(vectors, labels, 0.3), rel=1e-9)


def test_classes_apart_lose_nothing_and_lonely_ones_count_nothing():
    vectors = np.array([[1.0, 0], [1, 0], [-1, 0], [-1, 0]])
    assert float(semi_hard_triplet_loss(vectors, np.array([0, 0, 1, 1]))) == 0.0
    assert float(semi_hard_triplet_loss(vectors, np.array([0, 1, 2, 3]))) == 0.0


def test_bits_that_agree_within_a_class_and_in_half_beyond_lose_nothing():
    codes = np.array([[1.0, 1], [1, 1], [1, -1], [1, -1]])
    labels = np.array([0, 0, 1, 1])
    # Of the two bits, one is always 1: its mean costs.
    assert float(pairwise_hash_loss(codes, labels, 1.0, 0.0)) == 0.0
    assert float(pairwise_hash_loss(codes, labels, 1.0, 2.0)) == pytest.approx(2.0 * 0.5)
    # Half a bit is half away from one, and agrees by a quarter.
    assert float(pairwise_hash_loss(0.5 * codes, labels, 1.0, 0.0)) == pytest.approx(
        0.25 + 4 * (0.25 - 1) ** 2 / 12
    )
