from typing import NamedTuple

import numpy as np


class PrecisionRecallCurve(NamedTuple):
    """A precision-recall curve, from the highest threshold to the lowest.

    Attributes:
      precision: ``(T,)``, of what is at the threshold or above, the share that is positive.
      recall: ``(T,)``, of what is positive, the share at the threshold or above.
      thresholds: ``(T,)``, the scores that there are, each once.
    """

    precision: np.ndarray
    recall: np.ndarray
    thresholds: np.ndarray

    @property
    def area(self) -> float:
        """By trapezoids, from (recall 0, precision 1) on."""
        recall = np.concatenate([[0.0], self.recall])
        return float(np.trapezoid(np.concatenate([[1.0], self.precision]), recall))

    @property
    def average_precision(self) -> float:
        """The mean of precisions, weighted by the recall that each threshold adds."""
        return float(np.sum(np.diff(self.recall, prepend=0.0) * self.precision))

    @property
    def best_f1(self) -> tuple[float, float]:
        """The largest F1 over all thresholds, and the threshold."""
        total = self.precision + self.recall
        f1 = 2 * self.precision * self.recall / np.where(total > 0, total, 1)
        best = int(np.argmax(f1))
        return float(f1[best]), float(self.thresholds[best])


def precision_recall_curve(labels: np.ndarray, scores: np.ndarray) -> PrecisionRecallCurve:
    """Counts how well scores tell what is positive, equal ones together.

    Args:
      labels: any shape, positive where it isn't 0.
      scores: the same shape; larger where something is likelier positive.

    Raises:
      ValueError: where the shapes differ, a score is no number, or nothing is positive.
    """
    labels, scores = np.asarray(labels).ravel() != 0, np.asarray(scores).ravel()
    if labels.shape != scores.shape:
        raise ValueError(f"scores: expected {labels.size} of them, got {scores.size}")
    if not np.isfinite(scores).all():
        raise ValueError("scores: expected numbers, got some that are none")
    if not labels.any():
        raise ValueError("labels: expected some that are positive, got none")
    thresholds, place = np.unique(scores, return_inverse=True)
    size = len(thresholds)
    positives, everything = (
        np.bincount(place, weights=weights, minlength=size)[::-1].cumsum()
        for weights in (labels, np.ones(len(labels)))
    )
    return PrecisionRecallCurve(positives / everything, positives / labels.sum(), thresholds[::-1])


def trapezoid_auprc(labels: np.ndarray, scores: np.ndarray) -> float:
    """The area under the precision-recall curve by trapezoids, from (recall 0, precision 1) on.

    Scores that say nothing give half of one plus the share of positives.

    Args:
      labels: as of `precision_recall_curve`.
      scores: likewise.

    Raises:
      ValueError: as `precision_recall_curve`.
    """
    return precision_recall_curve(labels, scores).area


def average_precision(labels: np.ndarray, scores: np.ndarray) -> float:
    """The mean of precisions, weighted by the recall that each threshold adds.

    Args:
      labels: as of `precision_recall_curve`.
      scores: likewise.

    Raises:
      ValueError: as `precision_recall_curve`.
    """
    return precision_recall_curve(labels, scores).average_precision


def best_f1(labels: np.ndarray, scores: np.ndarray) -> tuple[float, float]:
    """The largest F1 over all thresholds, and the threshold.

    Args:
      labels: as of `precision_recall_curve`.
      scores: likewise.

    Raises:
      ValueError: as `precision_recall_curve`.
    """
    return precision_recall_curve(labels, scores).best_f1


def agreement(labels: np.ndarray, found: np.ndarray) -> dict[str, float]:
    """How well what was found is what is positive.

    Args:
      labels: any shape, positive where it isn't 0.
      found: the same shape, likewise.

    Returns:
      {"precision", "recall", "f1", "iou", "kappa", "accuracy"}: kappa is the agreement beyond
      chance. A share of nothing is 0.

    Raises:
      ValueError: where the shapes differ.

    Cohen, "A coefficient of agreement for nominal scales", Educational and Psychological
    Measurement 20(1), 1960 (kappa).
    """
    labels, found = np.asarray(labels) != 0, np.asarray(found) != 0
    if labels.shape != found.shape:
        raise ValueError(f"found: expected shape {labels.shape}, got {found.shape}")
    both = np.mean(labels & found)
    true, positive = labels.mean(), found.mean()
    accuracy = np.mean(labels == found)
    chance = true * positive + (1 - true) * (1 - positive)
    values = {
        "precision": (both, positive),
        "recall": (both, true),
        "f1": (2 * both, true + positive),
        "iou": (both, true + positive - both),
        "kappa": (accuracy - chance, 1 - chance),
        "accuracy": (accuracy, 1.0),
    }
    return {name: float(part / of) if of else 0.0 for name, (part, of) in values.items()}
