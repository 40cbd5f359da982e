"""Words as tokens."""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from imaging_jax.models.captioning import END, PAD, SPECIALS, START, UNKNOWN

# Words of sentences, one or more of each image.
Sentences = Sequence[Sequence[Sequence[str]]]


def vocabulary_of(sentences: Sentences, least: int = 1) -> list[str]:
    """SPECIALS, and behind them, sorted, every word that stands `least` times or more."""
    counts = Counter(word for own in sentences for words in own for word in words)
    return [*SPECIALS, *sorted(word for word, count in counts.items() if count >= least)]


def encoded(sentences: Sentences, vocabulary: Sequence[str], length: int) -> np.ndarray:
    """Sentences as tokens (N, R, length) int32: START, words, END, and PAD up to the length.

    Images with fewer sentences than others have rows of PAD; words that the vocabulary lacks
    become UNKNOWN.

    Raises:
      ValueError: a sentence that is longer.
    """
    place = {word: index for index, word in enumerate(vocabulary)}
    tokens = np.full((len(sentences), max(map(len, sentences)), length), PAD, np.int32)
    for image, own in enumerate(sentences):
        for row, words in enumerate(own):
            if len(words) + 2 > length:
                raise ValueError(
                    f"a caption has {len(words)} words, wanted {length - 2} at most: "
                    f"{' '.join(words)!r}"
                )
            found = [START, *(place.get(word, UNKNOWN) for word in words), END]
            tokens[image, row, : len(found)] = found
    return tokens


def decoded(tokens: Iterable[int], vocabulary: Sequence[str]) -> list[str]:
    """The words up to END; a token that no word has is unknown."""
    words = []
    for token in tokens:
        if token == END:
            break
        if token not in (PAD, START):
            words.append(vocabulary[token if token < len(vocabulary) else UNKNOWN])
    return words


def sentences_of(captions: np.ndarray, vocabulary: Sequence[str]) -> list[list[list[str]]]:
    """The words of tokens (N, R, T), those of rows of PAD left out."""
    return [
        [decoded(row, vocabulary) for row in own if row[0] != PAD]
        for own in np.asarray(captions).tolist()
    ]
