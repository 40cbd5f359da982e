from dataclasses import dataclass

import numpy as np

# Of grams that were seen once, twice and more often, where a text is too short to tell.
_DISCOUNTS = np.array([0.5, 1.0, 1.5])


@dataclass(frozen=True)
class _Order:
    """Grams of one length: the history's code times the vocabulary, plus the last token.

    Attributes:
        grams: their codes, sorted.
        shares: what of its history's mass each gets, discounted.
        histories: codes of histories, sorted.
        rests: of each history's mass, what was discounted.
    """

    grams: np.ndarray
    shares: np.ndarray
    histories: np.ndarray
    rests: np.ndarray


@dataclass(frozen=True)
class KneserNey:
    """An n-gram model, smoothed by interpolated modified Kneser-Ney.

    Attributes:
        vocabulary_size: tokens that there are.
        orders: grams of one token, of two, and so on.

    Source: Chen, Goodman, "An Empirical Study of Smoothing Techniques for Language Modeling",
    Computer Speech and Language 13, 1999, section 3.
    """

    vocabulary_size: int
    orders: tuple[_Order, ...]

    def probabilities(self, tokens: np.ndarray) -> np.ndarray:
        """Predicts from tokens ``(N, T)`` the next ones: ``(N, T, vocabulary_size)``."""
        tokens = np.asarray(tokens, np.int64)
        found = np.full((*tokens.shape, self.vocabulary_size), 1 / self.vocabulary_size)
        codes = np.zeros_like(tokens)
        # A sequence has no histories longer than itself.
        for length, order in enumerate(self.orders[: tokens.shape[1] + 1]):
            # A history is the last `length` tokens; at a sequence's beginning there are fewer.
            first = max(length - 1, 0)
            histories = codes[:, first:]
            rows = found[:, first:].reshape(-1, self.vocabulary_size)
            mixed = self._mixed(order, histories.reshape(-1), rows)
            found[:, first:] = mixed.reshape(*histories.shape, self.vocabulary_size)
            older = np.zeros_like(tokens)
            older[:, length:] = tokens[:, : tokens.shape[1] - length]
            codes = codes + older * self.vocabulary_size**length
        return found

    def _mixed(self, order, histories, lower):
        place = np.searchsorted(order.histories, histories)
        place = np.minimum(place, len(order.histories) - 1)
        known = order.histories[place] == histories
        mixed = np.where(known, order.rests[place], 1.0)[:, None] * lower
        first = histories * self.vocabulary_size
        begin, end = (
            np.searchsorted(order.grams, first + shift) for shift in (0, self.vocabulary_size)
        )
        counts = end - begin
        rows = np.repeat(np.arange(len(histories)), counts)
        within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        grams = np.repeat(begin, counts) + within
        mixed[rows, order.grams[grams] % self.vocabulary_size] += order.shares[grams]
        return mixed


def fit_kneser_ney(tokens: np.ndarray, order: int, vocabulary_size: int) -> KneserNey:
    """Counts the grams of a text.

    Args:
        tokens: ``(T,)``.
        order: tokens of the longest grams, at least 1.
        vocabulary_size: tokens that there are.

    Raises:
        ValueError: an ``order`` below 1, one whose codes don't fit into 63 bits, or a text that is
            no longer.
    """
    tokens = np.asarray(tokens, np.int64)
    most = int(63 / np.log2(max(vocabulary_size, 2))) - 1
    if not 1 <= order <= most:
        raise ValueError(
            f"order={order}: wanted 1 to {most}, where there are {vocabulary_size} tokens"
        )
    if len(tokens) <= order:
        raise ValueError(f"tokens: got {len(tokens)}, wanted more than order={order}")

    def codes(length):
        windows = np.lib.stride_tricks.sliding_window_view(tokens, length)
        return windows @ vocabulary_size ** np.arange(length - 1, -1, -1)

    orders = []
    for length in range(1, order + 1):
        if length == order:
            grams, counts = np.unique(codes(length), return_counts=True)
        else:
            # Shorter grams count by how many tokens they were seen behind.
            longer = np.unique(codes(length + 1))
            grams, counts = np.unique(longer % vocabulary_size**length, return_counts=True)
        orders.append(_order(grams, counts, vocabulary_size))
    return KneserNey(vocabulary_size, tuple(orders))


def _order(grams, counts, vocabulary_size):
    discounts = _discounts(counts)[np.minimum(counts, 3) - 1]
    histories, of = np.unique(grams // vocabulary_size, return_inverse=True)
    mass = np.bincount(of, counts)
    return _Order(
        grams, (counts - discounts) / mass[of], histories, np.bincount(of, discounts) / mass
    )


def _discounts(counts):
    seen = np.bincount(np.minimum(counts, 5), minlength=6)[1:5].astype(np.float64)
    if not seen.all():
        return _DISCOUNTS
    share = seen[0] / (seen[0] + 2 * seen[1])
    times = np.arange(1, 4)
    return np.clip(times - (times + 1) * share * seen[1:] / seen[:-1], 0, times)
