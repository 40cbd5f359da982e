import numpy as np


def ranked_relevance(
    distances: np.ndarray,
    query_labels: np.ndarray,
    labels: np.ndarray,
    own: np.ndarray | None = None,
) -> np.ndarray:
    """Sorts what is found by distance, and tells which is of the query's class.

    Equal distances keep the order of what is found.

    Args:
      distances: ``(Q, N)``.
      query_labels: ``(Q,)``.
      labels: ``(N,)``.
      own: ``(Q,)``, the place of every query among what is found, which is left out; None where
        they aren't among it.

    Returns:
      ``(Q, N)`` or, where own places are left out, ``(Q, N - 1)`` booleans, the nearest first.

    Raises:
      ValueError: shapes that don't fit, a distance that is no number, or a query of whose class
        nothing is to be found.
    """
    distances, labels = np.asarray(distances, np.float64), np.asarray(labels)
    query_labels = np.asarray(query_labels)
    if distances.shape != (len(query_labels), len(labels)):
        raise ValueError(
            f"distances: expected shape {(len(query_labels), len(labels))}, got {distances.shape}"
        )
    if np.isnan(distances).any():
        raise ValueError("distances: expected numbers, got some that are none")
    order = np.argsort(distances, axis=1, kind="stable")
    relevant = labels[order] == query_labels[:, None]
    if own is not None:
        relevant = relevant[order != np.asarray(own)[:, None]].reshape(len(query_labels), -1)
    if not relevant.any(axis=1).all():
        lonely = query_labels[~relevant.any(axis=1)][0]
        raise ValueError(f"labels: of the class {lonely} there is nothing to be found")
    return relevant


def average_precisions(relevant: np.ndarray) -> np.ndarray:
    """The mean precision at the ranks of all that is relevant: ``(Q,)``, whose mean is the mAP.

    Args:
      relevant: ``(Q, N)`` of `ranked_relevance`.
    """
    found = np.cumsum(relevant, axis=1)
    precision = found / np.arange(1, relevant.shape[1] + 1)
    return np.sum(precision * relevant, axis=1) / relevant.sum(axis=1)


def precision_at(relevant: np.ndarray, k: int) -> np.ndarray:
    """The share of the first k that is relevant, of every query: ``(Q,)``.

    Args:
      relevant: ``(Q, N)`` of `ranked_relevance`.
      k: at least 1.
    """
    return relevant[:, :k].sum(axis=1) / k


def recall_at(relevant: np.ndarray, k: int) -> float:
    """The share of queries of which something relevant is among the first k.

    Args:
      relevant: ``(Q, N)`` of `ranked_relevance`.
      k: at least 1.
    """
    return float(np.mean(relevant[:, :k].any(axis=1)))


def nmrr(relevant: np.ndarray, most: int | None = None) -> np.ndarray:
    """Normalised modified retrieval ranks ``(Q,)``, whose mean is the ANMRR: 0 is the best order.

    What comes behind rank K, the lesser of four times what is relevant to a query and of twice the
    most that is to any, counts as of rank 1.25 K; 1 is the worst.

    Args:
      relevant: ``(Q, N)`` of `ranked_relevance`.
      most: that is relevant to any query; None takes it of these.

    Source: Manjunath, Ohm, Vasudevan, Yamada, "Color and texture descriptors", IEEE TCSVT 11(6),
    2001, section V.
    """
    counts = relevant.sum(axis=1)
    last = np.minimum(4 * counts, 2 * (counts.max() if most is None else most))[:, None]
    ranks = np.arange(1, relevant.shape[1] + 1)
    punished = np.where(ranks > last, 1.25 * last, ranks)
    average = np.sum(punished * relevant, axis=1) / counts
    lowest = (1 + counts) / 2
    return (average - lowest) / (1.25 * last[:, 0] - lowest)


def unit_vectors(x: np.ndarray) -> np.ndarray:
    """Vectors ``(N, D)`` divided by their lengths; those of zeros stay."""
    return x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)
