import numpy as np


def ranked_relevance(
    distances: np.ndarray, query_labels: np.ndarray, labels: np.ndarray, itself: bool = False
) -> np.ndarray:
    """Sorts what is found by distance, and tells which is of the query's class.

    Equal distances keep the order of what is found.

    Args:
      distances: ``(Q, N)``.
      query_labels: ``(Q,)``.
      labels: ``(N,)``.
      itself: query q is the q-th of what is found, and is left out.

    Returns:
      ``(Q, N)`` or, without itself, ``(Q, N - 1)`` booleans, the nearest first.

    Raises:
      ValueError: shapes that don't fit, a distance that is no number, or a query of whose class
        nothing is to be found.
    """
    distances, labels = np.array(distances, np.float64), np.asarray(labels)
    query_labels = np.asarray(query_labels)
    if distances.shape != (len(query_labels), len(labels)):
        raise ValueError(
            f"distances: expected shape {(len(query_labels), len(labels))}, got {distances.shape}"
        )
    if np.isnan(distances).any():
        raise ValueError("distances: expected numbers, got some that are none")
    if itself:
        if len(query_labels) != len(labels):
            raise ValueError(f"itself: {len(query_labels)} queries aren't the {len(labels)} found")
        np.fill_diagonal(distances, np.inf)
    order = np.argsort(distances, axis=1, kind="stable")
    relevant = labels[order] == query_labels[:, None]
    if itself:
        own = order == np.arange(len(labels))[:, None]
        relevant = relevant[~own].reshape(len(labels), -1)
    if not relevant.any(axis=1).all():
        lonely = query_labels[~relevant.any(axis=1)][0]
        raise ValueError(f"labels: of the class {lonely} there is nothing to be found")
    return relevant


def mean_average_precision(relevant: np.ndarray) -> float:
    """The mean over queries of the mean precision at the ranks of all that is relevant.

    Args:
      relevant: ``(Q, N)`` of `ranked_relevance`.
    """
    found = np.cumsum(relevant, axis=1)
    precision = found / np.arange(1, relevant.shape[1] + 1)
    return float(np.mean(np.sum(precision * relevant, axis=1) / relevant.sum(axis=1)))


def precision_at(relevant: np.ndarray, k: int) -> float:
    """The mean share of the first k that is relevant.

    Args:
      relevant: ``(Q, N)`` of `ranked_relevance`.
      k: at least 1.
    """
    return float(np.mean(relevant[:, :k].sum(axis=1) / k))


def recall_at(relevant: np.ndarray, k: int) -> float:
    """The share of queries of which something relevant is among the first k.

    Args:
      relevant: ``(Q, N)`` of `ranked_relevance`.
      k: at least 1.
    """
    return float(np.mean(relevant[:, :k].any(axis=1)))


def anmrr(relevant: np.ndarray) -> float:
    """The averaged normalised modified retrieval rank: 0 for the best order, 1 for the worst.

    What comes behind rank K, the lesser of four times what is relevant to a query and of twice the
    most that is to any, counts as of rank 1.25 K.

    Args:
      relevant: ``(Q, N)`` of `ranked_relevance`.

    Source: Manjunath, Ohm, Vasudevan, Yamada, "Color and texture descriptors", IEEE TCSVT 11(6),
    2001, section V.
    """
    counts = relevant.sum(axis=1)
    most = counts.max()
    values = []
    for row, count in zip(relevant, counts, strict=True):
        last = min(4 * count, 2 * most)
        ranks = np.flatnonzero(row) + 1.0
        ranks[ranks > last] = 1.25 * last
        lowest = (1 + count) / 2
        values.append((ranks.mean() - lowest) / (1.25 * last - lowest))
    return float(np.mean(values))
