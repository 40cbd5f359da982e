"""Coded masks of snapshot imaging, 256x256 each, of which measurements take a part."""

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import jax
import numpy as np
import scipy.io

from imaging_jax.data_root import data_root, under_data
from train.config.registry import look_up

# Pixels a side.
SIDE = 256


def coded_mask(name: str) -> np.ndarray:
    """A mask of MASKS, (256, 256) in [0, 1], float32.

    "drawn" has zeros and ones, half of them each, by a fixed key; "staged" is the one that was
    measured for TSA-Net, read from the folder that IMAGING_DATA names.

    Raises:
      ValueError: an unknown name; the staged one, where its file is missing.
    """
    look_up(MASKS, name, "mask")
    return _read(name, data_root())


def sha256(name: str) -> str:
    """Digest of a mask's numbers."""
    return hashlib.sha256(coded_mask(name).tobytes()).hexdigest()


@cache
def _read(name: str, root: Path | None) -> np.ndarray:
    # Another folder is another mask.
    del root
    return MASKS[name]()


def _drawn() -> np.ndarray:
    # Also where a step is traced that wants it.
    with jax.ensure_compile_time_eval():
        return np.float32(jax.random.bernoulli(jax.random.key(0), 0.5, (SIDE, SIDE)))


def _staged() -> np.ndarray:
    file = under_data("hyperspectral/CASSI_real/mask.mat", "the mask of snapshot imaging")
    if not file.is_file():
        raise ValueError(f"{file} is missing")
    return scipy.io.loadmat(file)["mask"].astype(np.float32)


MASKS: dict[str, Callable[[], np.ndarray]] = {"drawn": _drawn, "staged": _staged}
