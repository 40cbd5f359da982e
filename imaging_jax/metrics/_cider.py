"""Sentences against references by n-grams that few images share."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from imaging_jax.metrics._captions import Words, check_captions, ngrams

_ORDERS = 4
_SCALE = 10
# Of the Gaussian by which CIDEr-D weighs the difference of lengths, in words.
_DEVIATION = 6.0


def cider_d(hypotheses: Sequence[Words], references: Sequence[Sequence[Words]]) -> np.ndarray:
    """CIDEr-D of each image, which tables of captioning call CIDEr: 0 to 10.

    Cosines of tf-idf vectors of n-grams, 1 to 4, by counts no larger than the reference's, times
    a Gaussian of the difference of lengths. The rarity of an n-gram is by the images of this very
    set whose references hold it, so that the values of one image alone are 0.

    Args:
        hypotheses: a sentence for each image.
        references: one sentence or more for each image.

    Returns:
        ``(N,)`` float64.

    Raises:
        ValueError: as `bleu`.

    Source: Vedantam, Zitnick, Parikh, "CIDEr: Consensus-based Image Description Evaluation",
    CVPR 2015, sections 4 and 7.
    """
    return _scores(hypotheses, references, clipped=True)


def cider(hypotheses: Sequence[Words], references: Sequence[Sequence[Words]]) -> np.ndarray:
    """CIDEr of each image: as `cider_d`, without bounds on counts and lengths."""
    return _scores(hypotheses, references, clipped=False)


def _scores(hypotheses, references, clipped):
    check_captions(hypotheses, references)
    counts = [[_counted(other) for other in others] for others in references]
    holders = Counter(gram for of_image in counts for gram in set().union(*of_image))
    rarity = {gram: math.log(len(references) / images) for gram, images in holders.items()}
    unseen = math.log(len(references))
    scores = []
    for words, others, found in zip(hypotheses, references, counts, strict=True):
        own = _weighted(_counted(words), rarity, unseen)
        values = [
            _similarity(own, _weighted(other, rarity, unseen), clipped)
            * (_of_lengths(len(words) - len(sentence)) if clipped else 1)
            for sentence, other in zip(others, found, strict=True)
        ]
        scores.append(_SCALE * np.mean(values))
    return np.array(scores)


def _counted(words: Words) -> Counter:
    counts = Counter()
    for order in range(1, _ORDERS + 1):
        counts += ngrams(words, order)
    return counts


def _weighted(counts: Counter, rarity: Mapping, unseen: float) -> list[dict]:
    """tf-idf of n-grams, order by order."""
    vectors: list[dict] = [{} for _ in range(_ORDERS)]
    for gram, count in counts.items():
        vectors[len(gram) - 1][gram] = count * rarity.get(gram, unseen)
    return vectors


def _similarity(first: list[dict], second: list[dict], clipped: bool) -> float:
    """The mean over orders of the cosines of two sentences."""
    total = 0.0
    for own, other in zip(first, second, strict=True):
        product = sum(
            (min(own[gram], value) if clipped else own[gram]) * value
            for gram, value in other.items()
            if gram in own
        )
        norms = math.sqrt(sum(v * v for v in own.values()) * sum(v * v for v in other.values()))
        total += product / norms if norms else 0.0
    return total / _ORDERS


def _of_lengths(difference: int) -> float:
    return math.exp(-(difference**2) / (2 * _DEVIATION**2))
