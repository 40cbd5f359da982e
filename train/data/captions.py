"""Images with sentences that describe them, read from JSON files."""

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from imaging_jax.metrics import caption_words
from train.data.class_folders import SPLITS, read_at
from train.data.data_set import DataSet
from train.data.fields import Field, Fields
from train.data.vocabulary import Sentences, encoded, vocabulary_of

# What a file that tells an image's part of its own calls ours.
_THEIR_SPLITS = {"fit": ("train", "restval"), "held_back": ("val",), "test": ("test",)}


def caption_fields(
    image_shape: tuple[int, int, int], dtype: str, captions: tuple[int, int], vocabulary_size: int
) -> Fields:
    """Those of sets: images, and the tokens (sentences, T) of all that is said of each.

    Tokens are places in the set's own vocabulary, its asset of this name, which lacks no word.
    """
    return {
        "image": _image(image_shape, dtype),
        "captions": Field(captions, "int32", "tokens", (0, vocabulary_size)),
    }


def sentence_fields(image_shape: tuple[int, int, int], length: int, vocabulary_size: int) -> Fields:
    """Those that are trained on: images, and the tokens of one sentence."""
    return {
        "image": _image(image_shape, "float32"),
        "tokens": Field((length,), "int32", "tokens", (0, vocabulary_size)),
    }


def _image(shape, dtype):
    return Field(shape, dtype, "image", (0, 255) if dtype == "uint8" else (0.0, 1.0))


def captioned(specification: str) -> DataSet:
    """Images of a folder and their sentences in a JSON file.

    The file has "images" with "file_name" and "id" and "annotations" with "image_id" and
    "caption", as COCO's, or "images" with "filename", "split" and "sentences", each with "raw" or
    "tokens", as Karpathy's.

    Args:
      specification: "<side>:<split>:<json>:<folder>"; `train.data.class_folders.read_at` brings
        images to that size. The splits are "all", "fit", "held_back" and "test": the file's own
        train, val and test where it tells them, else as `train.data.class_folders.classes` has
        them.

    Raises:
      ValueError: another form, a file of another form, images without a sentence or that aren't
        there, a sentence without words, or a split without images.
    """
    side, split, file, folder = (*specification.split(":", 3), "", "", "", "")[:4]
    name = f"captioned:{specification}"
    if not (side.isdigit() and int(side) and split in SPLITS and file and folder):
        raise ValueError(f"{name}: wanted captioned:<side>:<{', '.join(SPLITS)}>:<json>:<folder>")
    kept = _of_split(read_captions(Path(file)), split)
    if not kept:
        raise ValueError(f"{name}: no image is of this split")
    root = Path(folder)
    if missing := [image for image, _, _ in kept if not (root / image).is_file()]:
        raise ValueError(
            f"{name}: {len(missing)} of {len(kept)} images aren't in {root}: "
            f"{', '.join(missing[:3])}{', …' * (len(missing) > 3)}"
        )
    shape = (int(side), int(side), 3)
    names = [image for image, _, _ in kept]
    sentences = [own for _, own, _ in kept]
    read = lambda index: {"image": read_at(root / names[index], shape)}  # noqa: E731
    return captioned_set(name, names, sentences, (shape, "uint8"), read)


def captioned_set(
    name: str,
    names: Sequence[str],
    sentences: Sentences,
    image: tuple[tuple[int, int, int], str],
    read: Any,
    more: Fields | None = None,
    assets: dict[str, Any] | None = None,
) -> DataSet:
    """A set of what `read` gives of each item, and its sentences as tokens of all their words.

    Args:
      name: as it stands in tables.
      names: of the items.
      sentences: words of each item's captions.
      image: shape and type of the images.
      read: index -> {field: value} without captions.
      more: fields beside "image" that it gives.
      assets: beside the vocabulary.
    """
    vocabulary = vocabulary_of(sentences)
    longest = max(len(words) for own in sentences for words in own)
    tokens = encoded(sentences, vocabulary, longest + 2)
    fields = {**caption_fields(*image, tokens.shape[1:], len(vocabulary)), **(more or {})}
    load = lambda index: {**read(index), "captions": tokens[index]}  # noqa: E731
    return DataSet(name, fields, names, load, {"vocabulary": vocabulary, **(assets or {})})


def read_captions(file: Path) -> list[tuple[str, list[list[str]], str]]:
    """Reads (image, words of each of its sentences, its split or nothing) of a JSON file.

    Raises:
      ValueError: no such file, a file of neither form, an image without a sentence, or a sentence
        without words.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ValueError(f"{file}: there is no such file") from None
    except ValueError as error:
        raise ValueError(f"{file} is no JSON: {error}") from None
    try:
        found = _coco(content) if "annotations" in content else _karpathy(content)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"{file}: wanted images and annotations as COCO's files have them, or images with "
            f"sentences as Karpathy's; {error!r} is amiss"
        ) from None
    if not found:
        raise ValueError(f"{file} has no images")
    read = []
    for image, sentences, split in found:
        words = [caption_words(sentence) for sentence in sentences]
        if not words:
            raise ValueError(f"{file}: {image} has no caption")
        if [] in words:
            raise ValueError(f"{file}: {image} has a caption without words")
        read.append((image, words, split))
    return read


def _coco(content: dict) -> list[tuple[str, list[str], str]]:
    by_image = defaultdict(list)
    for annotation in content["annotations"]:
        by_image[annotation["image_id"]].append(str(annotation["caption"]))
    return [(image["file_name"], by_image[image["id"]], "") for image in content["images"]]


def _karpathy(content: dict) -> list[tuple[str, list[str], str]]:
    return [
        (
            image["filename"],
            [said["raw"] if "raw" in said else " ".join(said["tokens"])
             for said in image["sentences"]],
            image["split"],
        )
        for image in content["images"]
    ]  # fmt: skip


def _of_split(read, split):
    if split == "all":
        return read
    if read[0][2]:
        return [item for item in read if item[2] in _THEIR_SPLITS[split]]
    ordered = sorted(read, key=lambda item: item[0])
    return [item for place, item in enumerate(ordered) if SPLITS[split](place)]
