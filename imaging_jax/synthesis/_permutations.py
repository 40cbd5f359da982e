import itertools
import math
from typing import Literal, get_args

import numpy as np

Criterion = Literal["least", "mean"]


def distant_permutations(count: int, length: int = 9, criterion: Criterion = "least") -> np.ndarray:
    """Permutations that differ in many places, chosen one after the other from the identity on.

    Of all permutations, the next has the largest Hamming distance from those chosen; of several
    such, it is the first in lexicographic order. The mean distance lets two chosen ones differ in
    as few as two places, the least doesn't: of 100, it stays at 6 of 9.

    Args:
      count: how many.
      length: of each, at most 9.
      criterion: the distance is the "least" or the "mean" over those chosen.

    Returns:
      ``(count, length)`` of int32, the identity first.

    Raises:
      ValueError: a length that isn't 2 to 9, more permutations than there are, or another word.

    Source: Noroozi, Favaro, "Unsupervised learning of visual representations by solving jigsaw
    puzzles", ECCV 2016, algorithm 1.
    """
    if not 2 <= length <= 9:
        raise ValueError(f"length: expected 2 to 9, got {length}")
    if not 1 <= count <= math.factorial(length):
        raise ValueError(
            f"count: expected 1 to {math.factorial(length)} permutations of {length}, got {count}"
        )
    if criterion not in get_args(Criterion):
        raise ValueError(f"criterion: expected one of {get_args(Criterion)}, got {criterion!r}")
    # A row for each place: distances are then sums of long rows.
    every = np.array(list(itertools.permutations(range(length))), np.int8).T.copy()
    least = criterion == "least"
    distance = np.full(every.shape[1], length if least else 0, np.int32)
    chosen = [0]
    while len(chosen) < count:
        differing = np.zeros(every.shape[1], np.int8)
        for row in every:
            differing += row != row[chosen[-1]]
        distance = np.minimum(distance, differing) if least else distance + differing
        distance[chosen] = -1
        chosen.append(int(np.argmax(distance)))
    return every[:, chosen].T.astype(np.int32)
