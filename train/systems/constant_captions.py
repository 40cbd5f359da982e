"""Captions that look at no image: the commonest of a set, or of a class of it."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from train.data.data_set import DataSet
from train.data.data_sets import data_set
from train.data.fields import PICTURE, Field
from train.data.vocabulary import encoded, sentences_of
from train.systems.system import Origin, System


def constant_caption(images: str) -> System:
    """The caption that stands most often in a set, whatever is shown; of as many the first.

    Raises:
      ValueError: a set without captions.
    """
    fitted = _captioned(f"constant_caption:{images}", images)
    said = sentences_of(fitted.arrays["captions"], fitted.assets["vocabulary"])
    tokens = _tokens([_commonest(said)], fitted)

    def apply(inputs, **options):
        del options
        return {"caption": np.repeat(tokens, len(inputs["image"]), axis=0)}

    return _system("constant_caption", images, fitted, apply, tokens, {"image": PICTURE})


def class_caption(images: str) -> System:
    """The caption that stands most often in a set with the class of what is shown.

    Raises:
      ValueError: a set without captions or labels, or a class without images.
    """
    name = f"class_caption:{images}"
    fitted = _captioned(name, images)
    label = fitted.fields.get("label")
    if label is None:
        raise ValueError(f"{name}: its images have no labels")
    labels = fitted.arrays["label"]
    said = sentences_of(fitted.arrays["captions"], fitted.assets["vocabulary"])
    by_class: list[list] = [[] for _ in range(int(label.range[1]))]
    for own, number in zip(said, labels, strict=True):
        by_class[number].append(own)
    if [] in by_class:
        raise ValueError(f"{name}: class {by_class.index([])} has no images")
    tokens = _tokens([_commonest(own) for own in by_class], fitted)

    def apply(inputs, **options):
        del options
        return {"caption": tokens[np.asarray(inputs["label"])]}

    return _system(
        "class_caption", images, fitted, apply, tokens, {"image": PICTURE, "label": label}
    )


def _captioned(name: str, images: str) -> DataSet:
    fitted = data_set(images)
    if "captions" not in fitted.fields:
        raise ValueError(f"{name}: its images have no captions")
    return fitted


def _commonest(said: Sequence[Sequence[Sequence[str]]]) -> list[str]:
    counts = Counter(tuple(words) for own in said for words in own)
    return list(counts.most_common(1)[0][0])


def _tokens(captions: list[list[str]], fitted: DataSet) -> np.ndarray:
    """Of captions, (N, T), behind START."""
    longest = max(map(len, captions))
    tokens = encoded([[words] for words in captions], fitted.assets["vocabulary"], longest + 2)
    return tokens[:, 0, 1:]


def _system(name, images, fitted, apply, tokens, takes):
    caption = Field(tokens.shape[1:], "int32", "tokens", (0, len(fitted.assets["vocabulary"])))
    return System(
        name,
        f"fitted_to_{images}",
        apply,
        Origin("fitted"),
        takes,
        {"caption": caption},
        options=None,
        assets=fitted.assets,
    )
