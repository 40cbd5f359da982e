from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import ndimage

_THRESHOLDS = tuple(np.linspace(0.1, 0.9, 9))


class RandAndInfo(NamedTuple):
    """How well regions are told apart; larger is better.

    Attributes:
      rand: V^Rand, in (0, 1].
      info: V^Info, in [0, 1].
    """

    rand: float
    info: float


def rand_and_info(reference: np.ndarray, estimate: np.ndarray) -> RandAndInfo:
    """Rand and information scores of two partitions, over the reference's foreground.

    With p_ij the share of its pixels that are in region i of the estimate and j of the reference,
    s_i and t_j the sums of those: ``V^Rand = Σ p_ij² / (½ Σ s_i² + ½ Σ t_j²)``, and V^Info is the
    mutual information over the mean of both entropies.

    Args:
      reference: ``(H, W)``, integers, a number of its own for each region; 0, the borders, isn't
        scored.
      estimate: the same shape, likewise; each pixel of 0 is a region by itself.

    Returns:
      Both scores; 1 where the partitions are the same.

    Raises:
      ValueError: where the shapes differ, the maps aren't integers, or the reference has no
        region.

    Source: Arganda-Carreras et al., "Crowdsourcing the creation of image segmentation algorithms
    for connectomics", Frontiers in Neuroanatomy 9, 2015, section 2.
    """
    reference, estimate = np.asarray(reference), np.asarray(estimate)
    if reference.shape != estimate.shape or reference.ndim != 2:
        raise ValueError(
            f"expected two maps of one shape (H, W), got {reference.shape} and {estimate.shape}"
        )
    for name, labels in (("reference", reference), ("estimate", estimate)):
        if not np.issubdtype(labels.dtype, np.integer):
            raise ValueError(f"{name}: expected integers, got {labels.dtype}")
    inside = reference != 0
    if not inside.any():
        raise ValueError("reference: expected at least one region, got none")
    t, s = (np.unique(x[inside], return_inverse=True)[1] for x in (reference, estimate))
    single = estimate[inside] == 0
    s[single] = s.max() + 1 + np.arange(single.sum())
    pairs = np.unique(s * (t.max() + 1) + t, return_counts=True)[1]
    joint, of_estimate, of_reference = (
        counts[counts > 0] / len(t) for counts in (pairs, np.bincount(s), np.bincount(t))
    )
    rand = 2 * np.sum(joint**2) / (np.sum(of_estimate**2) + np.sum(of_reference**2))
    entropies = _entropy(of_estimate) + _entropy(of_reference)
    # Two partitions of one region each are the same.
    info = 2 * (entropies - _entropy(joint)) / entropies if entropies > 0 else 1.0
    return RandAndInfo(float(rand), float(info))


def rand_and_info_scores(
    reference: np.ndarray,
    inside: np.ndarray,
    thresholds: Sequence[float] = _THRESHOLDS,
    neighbours: int = 4,
) -> RandAndInfo:
    """The best Rand and information scores of a stack over the thresholds of a network's map.

    The regions of an estimate are the connected components of what isn't below the threshold.
    Borders aren't thinned, which the leader board of ISBI 2012 does before.

    Args:
      reference: ``(N, H, W)``, integers, as `rand_and_info` takes them.
      inside: ``(N, H, W)``, probability that a pixel is inside of a region, not on a border.
      thresholds: of which each score takes its best for the whole stack.
      neighbours: of a pixel, 4 or 8, which are connected with it.

    Returns:
      Both scores, each the largest of the means over the images.

    Raises:
      ValueError: where the shapes differ or aren't of a stack, there is no threshold, or as
        `rand_and_info` raises it.

    Source: Arganda-Carreras et al., Frontiers in Neuroanatomy 9, 2015.
    """
    reference, inside = np.asarray(reference), np.asarray(inside)
    if reference.shape != inside.shape or reference.ndim != 3:
        raise ValueError(
            f"expected two stacks of one shape (N, H, W), got {reference.shape} and {inside.shape}"
        )
    if neighbours not in (4, 8):
        raise ValueError(f"neighbours: expected 4 or 8, got {neighbours}")
    if not len(thresholds):
        raise ValueError("thresholds: expected at least one, got none")
    structure = ndimage.generate_binary_structure(2, 1 if neighbours == 4 else 2)
    means = [
        np.mean(
            [
                rand_and_info(labels, ndimage.label(image >= threshold, structure)[0])
                for labels, image in zip(reference, inside, strict=True)
            ],
            axis=0,
        )
        for threshold in thresholds
    ]
    return RandAndInfo(*(float(best) for best in np.max(means, axis=0)))


def _entropy(shares):
    return -np.sum(shares * np.log(shares))
