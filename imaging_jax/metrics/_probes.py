"""What frozen features know of classes: linear classifiers and nearest neighbours."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax

from imaging_jax.metrics._retrieval import unit_vectors

_RIDGE_WEIGHTS = tuple(10.0**power for power in range(-4, 3))
_LOGISTIC_WEIGHTS = tuple(10.0**power for power in range(-5, 1))
_NEIGHBOURS = 20
_CHUNK, _ITERATIONS = 1_000, 200


class Standardized(NamedTuple):
    """Features whose mean and deviation are those of the training set.

    Attributes:
      train: ``(N, D)``.
      others: each ``(M, D)``, likewise.
    """

    train: np.ndarray
    others: tuple[np.ndarray, ...]


def standardize(train: np.ndarray, *others: np.ndarray) -> Standardized:
    """Subtracts the mean of the training set's features, and divides by their deviations.

    Features that don't vary there are 0.

    Args:
      train: ``(N, D)``.
      *others: ``(M, D)`` each.
    """
    train = np.asarray(train, np.float64)
    mean, deviation = train.mean(axis=0), train.std(axis=0)
    scale = np.where(deviation > 1e-12, 1 / np.maximum(deviation, 1e-12), 0)
    own, *rest = ((np.asarray(x, np.float64) - mean) * scale for x in (train, *others))
    return Standardized(own, tuple(rest))


def ridge_probe(
    features: np.ndarray,
    labels: np.ndarray,
    classes: int,
    chooses: np.ndarray,
    weights: Sequence[float] = _RIDGE_WEIGHTS,
) -> np.ndarray:
    """Fits class indicators by least squares, the weight of the squares chosen by some of them.

    What chooses is left out until the weight is chosen, and then fitted, too.

    Args:
      features: ``(N, D)``, standardised.
      labels: ``(N,)`` integers.
      classes: how many there are.
      chooses: ``(N,)`` booleans.
      weights: of the mean squares of the coefficients, of which one is chosen.

    Returns:
      ``(D + 1, classes)``, the constants last.
    """

    def fit(features, labels):
        design, target = _with_constant(features), np.eye(classes)[labels]
        powers, vectors = np.linalg.eigh(design.T @ design / len(design))
        projected = vectors.T @ (design.T @ target / len(design))
        return lambda weight: vectors @ (projected / (np.maximum(powers, 0) + weight)[:, None])

    part = fit(features[~chooses], labels[~chooses])
    best = _best([part(weight) for weight in weights], features[chooses], labels[chooses])
    return fit(features, labels)(weights[best])


def logistic_probe(
    features: np.ndarray,
    labels: np.ndarray,
    classes: int,
    chooses: np.ndarray,
    weights: Sequence[float] = _LOGISTIC_WEIGHTS,
) -> np.ndarray:
    """Fits a multinomial logistic regression by L-BFGS, otherwise as `ridge_probe`."""

    def fit(features, labels, weight, start):
        design, target = _with_constant(features), np.eye(classes)[labels]

        def loss(flat):
            coefficients = flat.reshape(-1, classes)
            logarithms = log_softmax(design @ coefficients, axis=1)
            penalized = coefficients.copy()
            penalized[-1] = 0
            value = -np.sum(target * logarithms) / len(design) + weight / 2 * np.sum(penalized**2)
            slope = design.T @ (np.exp(logarithms) - target) / len(design) + weight * penalized
            return value, slope.ravel()

        found = minimize(
            loss, start.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": _ITERATIONS}
        )
        return found.x.reshape(-1, classes)

    # Each begins where the next larger weight ended.
    falling = sorted(weights, reverse=True)
    coefficients = [np.zeros((features.shape[1] + 1, classes))]
    for weight in falling:
        coefficients.append(fit(features[~chooses], labels[~chooses], weight, coefficients[-1]))
    best = _best(coefficients[1:], features[chooses], labels[chooses])
    return fit(features, labels, falling[best], coefficients[best + 1])


def linear_scores(features: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
    """Scores ``(N, classes)`` of features ``(N, D)`` by coefficients ``(D + 1, classes)``."""
    return _with_constant(features) @ coefficients


def neighbour_probe(
    train: np.ndarray,
    labels: np.ndarray,
    classes: int,
    features: np.ndarray,
    neighbours: int = _NEIGHBOURS,
) -> np.ndarray:
    """The class of most of the nearest training features by cosine, ties to the nearer sum.

    Args:
      train: ``(N, D)``.
      labels: ``(N,)`` integers.
      classes: how many there are.
      features: ``(M, D)``.
      neighbours: that vote; all where there are fewer.

    Returns:
      ``(M,)`` integers.
    """
    train, features = (unit_vectors(np.asarray(x, np.float64)) for x in (train, features))
    count, votes = min(neighbours, len(train)), np.eye(classes)[labels]
    found = []
    for start in range(0, len(features), _CHUNK):
        cosines = features[start : start + _CHUNK] @ train.T
        nearest = np.argpartition(-cosines, count - 1, axis=1)[:, :count]
        # Among as many votes, what is nearer counts for more.
        weight = 1 + 1e-6 * np.take_along_axis(cosines, nearest, axis=1)
        found.append(np.argmax(np.einsum("mk,mkc->mc", weight, votes[nearest]), axis=1))
    return np.concatenate(found)


def _with_constant(features):
    return np.concatenate([features, np.ones((len(features), 1))], axis=1)


def _best(candidates, features, labels):
    told = [linear_scores(features, each).argmax(axis=1) for each in candidates]
    return int(np.argmax([np.mean(own == labels) for own in told]))
