"""Style networks in plain numpy: each output pixel of a convolution by a window of its own."""

import numpy as np


def _conv(x, layer, stride=1):
    """Of (H, W, C), without padding."""
    kernel = np.asarray(layer["kernel"], np.float64)
    side = len(kernel)
    rows, columns = ((n - side) // stride + 1 for n in x.shape[:2])
    y = np.zeros((rows, columns, kernel.shape[-1]))
    for i in range(rows):
        for j in range(columns):
            window = x[i * stride : i * stride + side, j * stride : j * stride + side]
            y[i, j] = np.tensordot(window, kernel, 3)
    return y + np.asarray(layer.get("bias", 0.0), np.float64)


def _transposed(x, layer, before, after):
    """Adds the kernel at twice each place, and cuts rows and columns off."""
    kernel = np.asarray(layer["kernel"], np.float64)
    height, width = x.shape[:2]
    y = np.zeros((2 * height + 1, 2 * width + 1, kernel.shape[-1]))
    for i in range(height):
        for j in range(width):
            y[2 * i : 2 * i + 3, 2 * j : 2 * j + 3] += np.einsum("c,abcd->abd", x[i, j], kernel)
    y = y[before : y.shape[0] - after, before : y.shape[1] - after]
    return y + np.asarray(layer.get("bias", 0.0), np.float64)


def _norm(x, layer, epsilon):
    mean, variance = x.mean((0, 1)), x.var((0, 1))
    scaled = (x - mean) / np.sqrt(variance + epsilon)
    return scaled * np.asarray(layer["scale"]) + np.asarray(layer["bias"])


def _zeros(x, before, after=None):
    margin = (before, before if after is None else after)
    return np.pad(x, [margin, margin, (0, 0)])


def fast_neural_style(params, image):
    mean = np.array([103.939, 116.779, 123.68])
    height, width = image.shape[:2]
    y = 255 * np.asarray(image, np.float64)[..., ::-1] - mean
    y = np.pad(y, [(40, 40), (40, 40), (0, 0)], mode="reflect")

    def normed(y, name):
        return _norm(y, params[f"{name}_norm"], 1e-5)

    y = np.maximum(normed(_conv(_zeros(y, 4), params["conv1"]), "conv1"), 0)
    for name in ("down1", "down2"):
        y = np.maximum(normed(_conv(_zeros(y, 1), params[name], 2), name), 0)
    for i in range(1, 6):
        first, last = f"block{i}_conv1", f"block{i}_conv2"
        change = np.maximum(normed(_conv(y, params[first]), first), 0)
        y = y[2:-2, 2:-2] + normed(_conv(change, params[last]), last)
    for name in ("up2", "up1"):
        y = np.maximum(normed(_transposed(y, params[name], 1, 0), name), 0)
    y = 150 * np.tanh(_conv(_zeros(y, 4), params["conv2"])) + mean
    return y[:height, :width, ::-1] / 255


def fast_style_transfer(params, image):
    height, width = image.shape[:2]

    def normed(y, name):
        return _norm(y, params[f"{name}_norm"], 1e-3)

    def halved(y, name):
        # TensorFlow's "SAME": an even side is continued at its end alone.
        margins = [(1, 1) if n % 2 else (0, 1) for n in y.shape[:2]]
        return _conv(np.pad(y, [*margins, (0, 0)]), params[name], 2)

    y = 255 * np.asarray(image, np.float64)
    y = np.maximum(normed(_conv(_zeros(y, 4), params["conv1"]), "conv1"), 0)
    for name in ("down1", "down2"):
        y = np.maximum(normed(halved(y, name), name), 0)
    for i in range(1, 6):
        first, last = f"block{i}_conv1", f"block{i}_conv2"
        change = np.maximum(normed(_conv(_zeros(y, 1), params[first]), first), 0)
        y = y + normed(_conv(_zeros(change, 1), params[last]), last)
    for name in ("up2", "up1"):
        y = np.maximum(normed(_transposed(y, params[name], 0, 1), name), 0)
    y = 150 * np.tanh(normed(_conv(_zeros(y, 4), params["conv2"]), "conv2")) + 127.5
    return y[:height, :width] / 255


def decoder(params, features, relu_at_end):
    y = np.asarray(features, np.float64)
    names = sorted(params, reverse=True)
    for name in names:
        y = _conv(np.pad(y, [(1, 1), (1, 1), (0, 0)], mode="reflect"), params[name])
        if relu_at_end or name != names[-1]:
            y = np.maximum(y, 0)
        if name.endswith("_1") and name != "conv1_1":
            y = y.repeat(2, 0).repeat(2, 1)
    return y
