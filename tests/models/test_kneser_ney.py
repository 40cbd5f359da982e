"""Kneser-Ney against dictionaries and loops, and against figures worked out by hand."""

from collections import Counter, defaultdict

import numpy as np
import pytest

from imaging_jax.models.language import fit_kneser_ney

VOCABULARY = 6
# Some grams occur often, some once: all counts of counts are there.
TOKENS = np.random.default_rng(0).choice(VOCABULARY, 3_000, p=[0.5, 0.25, 0.12, 0.08, 0.04, 0.01])


def by_loops(tokens, order, history, following):
    """Chen and Goodman's recursion, one gram at a time."""
    if order == 0:
        return 1 / VOCABULARY
    raw = order == by_loops.highest
    counts = counts_of(tokens, order) if raw else continuations(tokens, order)
    histories = defaultdict(dict)
    for gram, count in counts.items():
        histories[gram[:-1]][gram[-1]] = count
    lower = by_loops(tokens, order - 1, history[1:] if history else (), following)
    if history not in histories:
        return lower
    seen = Counter(min(count, 5) for count in counts.values())
    discounts = [0.5, 1.0, 1.5]
    if all(seen[n] for n in (1, 2, 3, 4)):
        y = seen[1] / (seen[1] + 2 * seen[2])
        discounts = [n - (n + 1) * y * seen[n + 1] / seen[n] for n in (1, 2, 3)]
    discount = lambda count: discounts[min(count, 3) - 1]  # noqa: E731
    own, mass = histories[history], sum(histories[history].values())
    found = own.get(following, 0)
    share = (found - discount(found)) / mass if found else 0.0
    return share + sum(discount(count) for count in own.values()) / mass * lower


def counts_of(tokens, order):
    return Counter(tuple(tokens[i : i + order]) for i in range(len(tokens) - order + 1))


def continuations(tokens, order):
    return Counter(gram[1:] for gram in counts_of(tokens, order + 1))


@pytest.mark.parametrize("order", [1, 2, 3])
def test_against_loops(order):
    tokens = tuple(int(token) for token in TOKENS)
    by_loops.highest = order
    model = fit_kneser_ney(TOKENS, order, VOCABULARY)
    text = np.array([[0, 1, 0, 5, 5, 2], [3, 0, 0, 4, 1, 0]])
    found = model.probabilities(text)
    for row in range(2):
        for place in range(6):
            # The first tokens of a sequence have a shorter history, and the shorter grams' counts.
            history = tuple(int(t) for t in text[row, max(0, place + 2 - order) : place + 1])
            length = len(history) + 1 if order > 1 else 1
            history = history if order > 1 else ()
            for following in range(VOCABULARY):
                wanted = by_loops(tokens, length, history, following)
                assert found[row, place, following] == pytest.approx(wanted, rel=1e-9)
    np.testing.assert_allclose(found.sum(axis=-1), 1, rtol=1e-12)


@pytest.mark.parametrize("length", [1, 2, 3])
def test_sequences_shorter_than_the_grams(length):
    model = fit_kneser_ney(TOKENS, 4, VOCABULARY)
    text = np.array([[0, 1, 0, 2]])
    whole, short = model.probabilities(text), model.probabilities(text[:, :length])
    np.testing.assert_allclose(short, whole[:, :length], rtol=1e-12)


def test_a_text_too_short_for_counts_of_counts():
    # Of "abab": a, b and b, a were seen behind one token each; with the fixed discount of 0.5 the
    # order 2 gives b after a (2 - 1) / 2 + 1 / 2 * lower, and lower is (1 - 0.5) / 2 + 0.5 / 2.
    model = fit_kneser_ney(np.array([0, 1, 0, 1]), 2, 2)
    lower = 0.25 + 0.5 * 0.5
    np.testing.assert_allclose(
        model.probabilities(np.array([[0]]))[0, 0], [0.5 * lower, 0.5 + 0.5 * lower]
    )


def test_bad_input():
    with pytest.raises(ValueError, match="order=0"):
        fit_kneser_ney(TOKENS, 0, VOCABULARY)
    with pytest.raises(ValueError, match="order=30: wanted 1 to 23, where there are 6 tokens"):
        fit_kneser_ney(TOKENS, 30, VOCABULARY)
    with pytest.raises(ValueError, match="tokens: got 3, wanted more than order=3"):
        fit_kneser_ney(TOKENS[:3], 3, VOCABULARY)
