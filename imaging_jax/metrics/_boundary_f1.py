from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from scipy import ndimage

_THRESHOLDS = tuple(np.linspace(0.05, 0.95, 19))


class BoundaryScore(NamedTuple):
    """How well thin lines are found in a set of images; larger is better.

    Attributes:
      precision: share of the found pixels that are near a labelled one.
      recall: share of the labelled pixels that are near a found one.
      f1: harmonic mean of both.
      threshold: of the map, at which they are.
    """

    precision: float
    recall: float
    f1: float
    threshold: float


def boundary_counts(
    reference: np.ndarray, estimate: np.ndarray, tolerance: float
) -> tuple[int, int, int, int]:
    """Counts found and labelled pixels, and which of them have one of the others nearby.

    Args:
      reference: ``(H, W)``, boolean, the labelled pixels.
      estimate: the same shape, those found.
      tolerance: largest distance, in pixels, at least 0.

    Returns:
      Found pixels near a labelled one, all found ones, labelled ones near a found one, and all
      labelled ones; those of several images add up.

    Raises:
      ValueError: where the shapes differ, the masks aren't boolean, or the tolerance is negative.
    """
    reference, estimate = np.asarray(reference), np.asarray(estimate)
    _check(reference, estimate, tolerance)
    if estimate.dtype != bool:
        raise ValueError(f"estimate: expected booleans, got {estimate.dtype}")
    return _counts(reference, estimate, _near(reference, tolerance), tolerance)


def boundary_f1(
    references: Iterable[np.ndarray],
    probabilities: Iterable[np.ndarray],
    tolerance: float,
    thresholds: Sequence[float] = _THRESHOLDS,
) -> BoundaryScore:
    """Precision, recall and F1 of thin lines with a tolerance, at the best threshold of a set.

    Counts are added over the images, and one threshold serves them all (ODS, the optimal data set
    scale). What isn't below it is found.

    Args:
      references: ``(H, W)`` each, boolean, the labelled pixels.
      probabilities: of the same shapes, that a pixel is one of them.
      tolerance: how far apart a found and a labelled pixel may be, in pixels, at least 0.
      thresholds: of which the one with the largest F1 is taken, the lowest of equals.

    Returns:
      The scores at that threshold; precision is 0 where nothing is found.

    Raises:
      ValueError: where the shapes differ, labels aren't boolean, no pixel is labelled, the
        tolerance is negative, or there is no threshold.

    Source: Martin, Fowlkes, Malik, "Learning to Detect Natural Image Boundaries Using Local
    Brightness, Color, and Texture Cues", IEEE TPAMI 26(5), 2004, section 3; with distances in
    place of its matching, as for cracks Shi, Cui, Qi, Meng, Chen, "Automatic Road Crack Detection
    Using Random Structured Forests", IEEE TITS 17(12), 2016.
    """
    if not len(thresholds):
        raise ValueError("thresholds: expected at least one, got none")
    totals = np.zeros((len(thresholds), 4))
    for given in zip(references, probabilities, strict=True):
        reference, image = (np.asarray(x) for x in given)
        _check(reference, image, tolerance)
        near = _near(reference, tolerance)
        totals += [_counts(reference, image >= level, near, tolerance) for level in thresholds]
    if not totals[:, 3].any():
        raise ValueError("references: expected at least one labelled pixel, got none")
    right, found, hit, labelled = totals.T
    precision, recall = right / np.maximum(found, 1), hit / labelled
    # Where either is 0, both are.
    f1 = 2 * precision * recall / np.where(precision > 0, precision + recall, 1)
    best = int(np.argmax(f1))
    return BoundaryScore(*(float(x[best]) for x in (precision, recall, f1, thresholds)))


def _counts(reference, estimate, near_reference, tolerance):
    right = np.sum(estimate & near_reference)
    hit = np.sum(reference & _near(estimate, tolerance))
    return int(right), int(estimate.sum()), int(hit), int(reference.sum())


def _near(mask, tolerance):
    """Which pixels are at most so far from one of the mask's."""
    if not mask.any():
        return np.zeros_like(mask)
    return ndimage.distance_transform_edt(~mask) <= tolerance


def _check(reference, estimate, tolerance):
    if reference.shape != estimate.shape or reference.ndim != 2:
        raise ValueError(
            f"expected two maps of one shape (H, W), got {reference.shape} and {estimate.shape}"
        )
    if reference.dtype != bool:
        raise ValueError(f"reference: expected booleans, got {reference.dtype}")
    if not tolerance >= 0:
        raise ValueError(f"tolerance: expected at least 0, got {tolerance}")
