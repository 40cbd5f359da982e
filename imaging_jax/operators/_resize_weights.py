from functools import lru_cache

import numpy as np


def _bicubic(t):
    """Keys (1981), equation 15, a = -1/2."""
    t = np.abs(t)
    inner = 1.5 * t**3 - 2.5 * t**2 + 1
    outer = -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2
    return np.where(t <= 1, inner, np.where(t <= 2, outer, 0))


def _bilinear(t):
    return np.maximum(1 - np.abs(t), 0)


def _lanczos(lobes):
    return lambda t: np.where(np.abs(t) < lobes, np.sinc(t) * np.sinc(t / lobes), 0)


def _nearest(t):
    return np.where((t >= -0.5) & (t < 0.5), 1.0, 0.0)


# Name: (function, width of its support).
KERNELS = {
    "bicubic": (_bicubic, 4),
    "bilinear": (_bilinear, 2),
    "lanczos2": (_lanczos(2), 4),
    "lanczos3": (_lanczos(3), 6),
    "nearest": (_nearest, 1),
}


@lru_cache(maxsize=256)
def resize_weights(
    in_size: int, out_size: int, scale: float, kernel: str, antialias: bool, boundary: str
) -> np.ndarray:
    """The matrix (out_size, in_size), float64, that resamples one axis as MATLAB's imresize does.

    Pixels are unit squares, so output pixel k has its centre at (k + 1/2) / scale - 1/2 in input
    pixels counted from 0. `in_size` pixels continue beyond the border mirrored with the edge pixel
    repeated ("symmetric") or constant ("clamp").
    """
    function, width = KERNELS[kernel]
    # Antialiasing stretches the kernel; the nearest pixel stays the nearest.
    stretch = scale if antialias and scale < 1 and kernel != "nearest" else 1.0
    width = width / stretch
    # Counted from 1 as MATLAB does: the same roundings decide which taps are hit.
    centres = np.arange(1, out_size + 1) / scale + 0.5 * (1 - 1 / scale)
    first = np.floor(centres - width / 2)
    taps = first[:, None] + np.arange(np.ceil(width) + 2)
    weights = function(stretch * (centres[:, None] - taps))
    weights = weights / weights.sum(axis=1, keepdims=True)

    pixels = taps.astype(int) - 1
    if boundary == "symmetric":
        pixels = pixels % (2 * in_size)
        pixels = np.minimum(pixels, 2 * in_size - 1 - pixels)
    else:
        pixels = np.clip(pixels, 0, in_size - 1)

    matrix = np.zeros((out_size, in_size))
    np.add.at(matrix, (np.arange(out_size)[:, None], pixels), weights)
    matrix.flags.writeable = False
    return matrix
