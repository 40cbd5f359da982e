"""Images with a class each, read whole: they're small."""

import gzip
import hashlib
import os
import zlib
from functools import cache
from pathlib import Path

import numpy as np

from train.data import images
from train.data.image_sets import open_tfds

_FILES = {"train": "train", "test": "t10k"}
# Keys that no training has.
_DRAWN = {"digits": 2**31 - 1, "digits_test": 2**31 - 2}


def labelled_images(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Reads a labelled set: "mnist:train", "mnist:test", "digits", "digits:<side>" or "tfds:…".

    Args:
      name: of the set; "digits" are 5,000 drawn ones, "digits_test" others, by keys that no
        training has, of 28 pixels a side or as many as ":<side>" says.

    Returns:
      The images (N, H, W, C) uint8 and their labels (N,) int32.

    Raises:
      ValueError: as `mnist` and `labelled_tfds`, or another name.
    """
    # The variable is part of what is remembered: another folder is another set.
    return _labelled_images(name, os.environ.get("IMAGING_DATA"))


@cache
def _labelled_images(name: str, root: str | None) -> tuple[np.ndarray, np.ndarray]:
    del root
    kind, _, split = name.partition(":")
    if kind in _DRAWN and (split or "28").isdigit():
        return _drawn_digits(_DRAWN[kind], int(split or 28))
    if kind == "tfds":
        return labelled_tfds(name)
    if kind != "mnist":
        raise ValueError(
            f"{name!r} is unknown: wanted digits, mnist:train, mnist:test or tfds:<name>:<split>"
        )
    return mnist(split)


def labelled_sha256(name: str) -> str:
    """Digest of all pixels of a labelled set, so that a record tells what was scored."""
    pixels, _ = labelled_images(name)
    return hashlib.sha256(str(pixels.shape).encode() + pixels.tobytes()).hexdigest()


def _drawn_digits(seed: int, side: int) -> tuple[np.ndarray, np.ndarray]:
    import jax

    from imaging_jax.synthesis import digits

    draw = jax.jit(digits, static_argnums=(1, 2))
    drawn, labels = draw(jax.random.key(seed), 5_000, (side, side))
    return images.from_float(np.asarray(drawn)), np.asarray(labels)


def mnist(split: str) -> tuple[np.ndarray, np.ndarray]:
    """Reads MNIST from the folder ``mnist`` below the one that IMAGING_DATA names.

    Args:
      split: "train" or "test".

    Returns:
      The images (N, 28, 28, 1) uint8 and their digits (N,) int32.

    Raises:
      ValueError: another split, IMAGING_DATA unset, or a damaged file.
      FileNotFoundError: there is no such file.

    Source: LeCun, Cortes, Burges, "The MNIST database of handwritten digits"; IDX files.
    """
    if split not in _FILES:
        raise ValueError(f"split must be one of {', '.join(_FILES)}, got {split!r}")
    root = os.environ.get("IMAGING_DATA")
    if not root:
        raise ValueError("the set mnist needs the environment variable IMAGING_DATA")
    stem = Path(root, "mnist", _FILES[split])
    pixels = read_idx(stem.with_name(f"{stem.name}-images-idx3-ubyte.gz"))
    labels = read_idx(stem.with_name(f"{stem.name}-labels-idx1-ubyte.gz"))
    if pixels.shape != (len(labels), 28, 28) or labels.ndim != 1:
        raise ValueError(f"{stem}-*: images {pixels.shape} and labels {labels.shape} don't match")
    return pixels[..., None], labels.astype(np.int32)


def read_idx(path: str | Path) -> np.ndarray:
    """Reads a gzipped IDX file of unsigned bytes.

    Raises:
      ValueError: it's no gzip file, no IDX file of bytes, or not as long as its header says.
      FileNotFoundError: there is no such file.
    """
    path = Path(path)
    try:
        content = gzip.decompress(path.read_bytes())
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(f"{path} can't be unpacked: {error}") from error
    axes = content[3] if len(content) >= 4 else 0
    if content[:3] != b"\0\0\x08" or len(content) < 4 + 4 * axes:
        raise ValueError(f"{path} is no IDX file of unsigned bytes; it begins {content[:4]!r}")
    shape = tuple(np.frombuffer(content, ">u4", axes, offset=4).tolist())
    wanted, found = int(np.prod(shape)), len(content) - 4 - 4 * axes
    if wanted != found:
        raise ValueError(f"{path} holds {found} bytes of data, its header says {shape}")
    return np.frombuffer(content, np.uint8, offset=4 + 4 * axes).reshape(shape)


def labelled_tfds(specification: str, data_dir: str | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Reads a TFDS data set of images of one size and labels, without TensorFlow.

    Args:
      specification: "tfds:<name>:<split>".
      data_dir: where TFDS keeps its data sets; None for its default.

    Returns:
      The images (N, H, W, C) uint8 and their labels (N,) int32.

    Raises:
      ValueError: no such data set has been built, or it has no images with labels.
    """
    builder, source = open_tfds(specification, data_dir)
    if not {"image", "label"} <= set(builder.info.features):
        raise ValueError(
            f"{specification!r}: no image and label in {sorted(builder.info.features)}"
        )
    records = list(source)
    pixels = np.stack([record["image"] for record in records])
    return pixels, np.array([record["label"] for record in records], np.int32)
