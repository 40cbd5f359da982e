"""VGG-19's convolutions in numpy, of weights by the names of torchvision."""

import numpy as np

# Where ReLUs and poolings stand in torchvision's sequence of layers.
CONVOLUTIONS = (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34)
POOLINGS = (4, 9, 18, 27)


def random_weights():
    """Weights ``features.N.{weight,bias}`` under which activations keep their size."""
    rng = np.random.default_rng(0)
    widths = (3, *(64,) * 2, *(128,) * 2, *(256,) * 4, *(512,) * 8)
    weights = {}
    for number, inputs, outputs in zip(CONVOLUTIONS, widths, widths[1:], strict=False):
        weight = rng.standard_normal((outputs, inputs, 3, 3), np.float32)
        weights[f"features.{number}.weight"] = weight * np.float32((2 / (9 * inputs)) ** 0.5)
        weights[f"features.{number}.bias"] = rng.uniform(-0.1, 0.1, outputs).astype(np.float32)
    return weights


def maps(weights, image, wanted):
    """The outputs of the wanted layers of torchvision's sequence for (H, W, 3), normalised."""
    y, found = np.asarray(image, np.float64), {}
    for number in range(36):
        if number in CONVOLUTIONS:
            padded = np.pad(y, [(1, 1), (1, 1), (0, 0)])
            windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(0, 1))
            y = np.tensordot(windows, weights[f"features.{number}.weight"], ([2, 3, 4], [1, 2, 3]))
            y = y + weights[f"features.{number}.bias"]
        elif number in POOLINGS:
            height, width = y.shape[0] // 2 * 2, y.shape[1] // 2 * 2
            y = y[:height, :width].reshape(height // 2, 2, width // 2, 2, -1).max(axis=(1, 3))
        else:
            y = np.maximum(y, 0)
        if number in wanted:
            found[number] = y
    return found
