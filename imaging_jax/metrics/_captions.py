"""Sentences against references: words, n-grams in common, longest common subsequence."""

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

Words = Sequence[str]

_ROUGE_BETA = 1.2
# What the Penn Treebank splits off a word: possessives, contractions, and "cannot".
_SPLIT = (
    (re.compile(r"(?<=\w)('s|'re|'ve|'ll|'m|'d|n't)\b"), r" \1"),
    (re.compile(r"\bcannot\b"), "can not"),
)
# A full stop or a comma between digits belongs to their number.
_MARKS = re.compile(r"[;:!?()\[\]{}\"`]|\.\.\.|--|(?<!\d)[.,]|[.,](?!\d)")
_DROPPED = {"'", "''", "-"}


def caption_words(sentence: str) -> list[str]:
    """Cuts a sentence into lower-case words without punctuation, as captions are scored.

    Possessives and contractions are words of their own, and "cannot" is two, as in the Penn
    Treebank.
    """
    text = _MARKS.sub(" ", sentence.lower())
    for pattern, parts in _SPLIT:
        text = pattern.sub(parts, text)
    words = (word if word in ("'s", "'re", "'ve", "'ll", "'m", "'d") else word.strip("'")
             for word in text.split())  # fmt: skip
    return [word for word in words if word and word not in _DROPPED]


def ngrams(words: Words, order: int) -> Counter:
    """How often each run of ``order`` words stands in a sentence."""
    return Counter(tuple(words[i : i + order]) for i in range(len(words) - order + 1))


def bleu(
    hypotheses: Sequence[Words], references: Sequence[Sequence[Words]], orders: int = 4
) -> np.ndarray:
    """BLEU-1 to BLEU-``orders`` of a corpus.

    Clipped precisions of n-grams, by their geometric mean, and exp(1 - r / c) where the c words
    of all hypotheses are fewer than the r of the references closest in length, the shorter of two
    as close.

    Args:
        hypotheses: a sentence for each image.
        references: one sentence or more for each image.
        orders: the longest n-grams.

    Returns:
        ``(orders,)`` float64.

    Raises:
        ValueError: no images, another number of references than hypotheses, or an image without a
            reference that has words.

    Source: Papineni, Roukos, Ward, Zhu, "BLEU: a Method for Automatic Evaluation of Machine
    Translation", ACL 2002, section 2.
    """
    check_captions(hypotheses, references)
    matched, there = np.zeros(orders), np.zeros(orders)
    length = wanted = 0
    for words, others in zip(hypotheses, references, strict=True):
        length += len(words)
        wanted += min((abs(len(other) - len(words)), len(other)) for other in others)[1]
        for order in range(1, orders + 1):
            found, most = ngrams(words, order), Counter()
            for other in others:
                most |= ngrams(other, order)
            matched[order - 1] += (found & most).total()
            there[order - 1] += found.total()
    with np.errstate(divide="ignore"):
        logarithms = np.log(matched / np.maximum(there, 1))
    means = np.exp(np.cumsum(logarithms) / np.arange(1, orders + 1))
    brevity = np.exp(1 - wanted / length) if 0 < length < wanted else float(length > 0)
    return brevity * means


def rouge_l(hypotheses: Sequence[Words], references: Sequence[Sequence[Words]]) -> np.ndarray:
    """ROUGE-L of each image: F of the longest common subsequence, recall weighing 1.2² times.

    Precision and recall are each the largest over the references.

    Args:
        hypotheses: a sentence for each image.
        references: one sentence or more for each image.

    Returns:
        ``(N,)`` float64.

    Raises:
        ValueError: as `bleu`.

    Source: Lin, "ROUGE: A Package for Automatic Evaluation of Summaries", 2004, section 3.
    """
    check_captions(hypotheses, references)
    return np.array([_rouge(*pair) for pair in zip(hypotheses, references, strict=True)])


def _rouge(words: Words, others: Sequence[Words]) -> float:
    common = [(_common(words, other), len(other)) for other in others if other]
    precision = max(found for found, _ in common) / max(1, len(words))
    recall = max(found / length for found, length in common)
    if not precision:
        return 0.0
    square = _ROUGE_BETA**2
    return (1 + square) * precision * recall / (recall + square * precision)


def _common(first: Words, second: Words) -> int:
    """The length of the longest common subsequence."""
    row = [0] * (len(second) + 1)
    for word in first:
        before = row[:]
        for place, other in enumerate(second, 1):
            row[place] = (
                before[place - 1] + 1 if word == other else max(before[place], row[place - 1])
            )
    return row[-1]


def check_captions(hypotheses: Sequence[Words], references: Sequence[Sequence[Words]]) -> None:
    """Raises a ValueError where captions can't be scored against references."""
    if not hypotheses or len(hypotheses) != len(references):
        raise ValueError(
            f"captions: got {len(hypotheses)} hypotheses and references of {len(references)} "
            "images, wanted as many, one at least"
        )
    for place, others in enumerate(references):
        if not any(others):
            raise ValueError(f"captions: image {place} has no reference with words")
