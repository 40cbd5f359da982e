"""The masks and the noise of the compressed-sensing benchmark of Ryu et al., ICML 2019."""

import hashlib
from functools import cache
from pathlib import Path

import numpy as np
import scipy.io

from imaging_jax.data_root import under_data

# Pixels a side.
SIDE = 256


def mask_file(name: str) -> Path:
    """The file of a mask of 30 % of the frequencies: "Random", "Radial" or "Cartesian"."""
    return under_data(f"mri/Q_{name}30.mat", "the mask of compressed sensing")


def noise_file() -> Path:
    """The file of the noise."""
    return under_data("mri/noises.mat", "the noise of compressed sensing")


def mask(file: Path) -> np.ndarray:
    """A mask (256, 256) of zeros and ones, float32, as it multiplies numpy's fft2."""
    return _array(file, "Q1").astype(np.float32)


def noise(file: Path) -> np.ndarray:
    """The noise (256, 256) of an unnormalized transform, complex128."""
    return _array(file, "noises")


def sha256(file: Path) -> str:
    """Digest of a file."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


@cache
def _array(file: Path, name: str) -> np.ndarray:
    if not file.is_file():
        raise ValueError(f"{file} is missing")
    return scipy.io.loadmat(file)[name]
