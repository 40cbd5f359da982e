"""The test images of phase retrieval: those of prDeep (Metzler et al., ICML 2018)."""

import numpy as np

from imaging_jax.data_root import under_data
from train.data import image_sets
from train.data.data_set import DataSet
from train.data.fields import Field

# Pixels a side that they are brought to, by the mean of blocks.
SIDE = 128


def prdeep(rest: str) -> DataSet:
    """Six natural and six other grey images of 128x128, not rounded to levels.

    Raises:
      ValueError: words behind the name; IMAGING_DATA unset.
    """
    if rest:
        raise ValueError(f"prdeep:{rest}: the set has no parts")
    pictures = image_sets.folder(under_data("phase/prDeep_TestImages", "the set prdeep"), "prdeep")
    fields = {"image": Field((SIDE, SIDE, 1), "float32", "image", (0.0, 1.0))}
    return DataSet("prdeep", fields, pictures.names, lambda i: {"image": _shrunk(pictures[i])})


def _shrunk(levels: np.ndarray) -> np.ndarray:
    block = levels.shape[0] // SIDE
    blocks = levels[..., 0].reshape(SIDE, block, SIDE, block)
    return (blocks.mean(axis=(1, 3)) / 255).astype(np.float32)[..., None]
