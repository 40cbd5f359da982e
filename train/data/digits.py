"""Digits with a class each, read whole: they're small."""

import gzip
import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from imaging_jax.data_root import under_data
from train.data import images

# MNIST's files, and which of their images a split takes: the last 5,000 of the training images are
# held back, to choose checkpoints by.
_SPLITS = {
    "train": ("train", slice(None)),
    "fit": ("train", slice(None, -5_000)),
    "held_back": ("train", slice(-5_000, None)),
    "test": ("t10k", slice(None)),
}


def drawn_digits(seed: int, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Draws 5,000 digits: (N, side, side, 1) uint8, and their labels (N,) int32."""
    import jax

    from imaging_jax.synthesis import digits

    draw = jax.jit(digits, static_argnums=(1, 2))
    drawn, labels = draw(jax.random.key(seed), 5_000, (side, side))
    return images.from_float(np.asarray(drawn)), np.asarray(labels)


def mnist(split: str) -> tuple[np.ndarray, np.ndarray]:
    """Reads MNIST from the folder ``mnist`` below the one that IMAGING_DATA names.

    Args:
      split: "train" (60,000 images), "test" (10,000), or of the training images the first 55,000,
        "fit", or the last 5,000, "held_back".

    Returns:
      The images (N, 28, 28, 1) uint8 and their digits (N,) int32.

    Raises:
      ValueError: another split, IMAGING_DATA unset, or a damaged file.
      FileNotFoundError: there is no such file.

    Source: LeCun, Cortes, Burges, "The MNIST database of handwritten digits"; IDX files.
    """
    if split not in _SPLITS:
        raise ValueError(f"split must be one of {', '.join(_SPLITS)}, got {split!r}")
    file, part = _SPLITS[split]
    stem = under_data("mnist", "the set mnist") / file
    pixels = read_idx(stem.with_name(f"{stem.name}-images-idx3-ubyte.gz"))
    labels = read_idx(stem.with_name(f"{stem.name}-labels-idx1-ubyte.gz"))
    if pixels.shape != (len(labels), 28, 28) or labels.ndim != 1:
        raise ValueError(f"{stem}-*: images {pixels.shape} and labels {labels.shape} don't match")
    return pixels[part, ..., None], labels[part].astype(np.int32)


def mnist_32(split: str) -> tuple[np.ndarray, np.ndarray]:
    """MNIST enlarged bilinearly to 32x32 and rounded, as phase retrieval takes it; see `mnist`."""
    pixels, labels = mnist(split)
    return resized(pixels, 32), labels


def resized(images: Iterable[np.ndarray], side: int) -> np.ndarray:
    """Grey images (H, W, 1) uint8 as (N, side, side, 1): bilinear, antialiased, rounded."""
    found = [
        np.asarray(Image.fromarray(image[..., 0]).resize((side, side), Image.Resampling.BILINEAR))
        for image in images
    ]
    return np.stack(found)[..., None]


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
