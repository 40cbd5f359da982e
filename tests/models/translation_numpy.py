"""The networks of image translation written a second time, in numpy, of parameters by our names."""

import numpy as np


def conv(x, layer, stride=1, margin=0):
    """Cross-correlation of (N, H, W, C) with zeros around it, tap by tap."""
    kernel = layer["kernel"]
    x = np.pad(x, [(0, 0), (margin, margin), (margin, margin), (0, 0)])
    height, width = (
        (n - k) // stride + 1 for n, k in zip(x.shape[1:3], kernel.shape, strict=False)
    )
    y = np.zeros((len(x), height, width, kernel.shape[-1]))
    for row, column in np.ndindex(*kernel.shape[:2]):
        rows = slice(row, row + stride * height, stride)
        columns = slice(column, column + stride * width, stride)
        y += x[:, rows, columns] @ kernel[row, column]
    return y + layer.get("bias", 0)


def transposed(x, layer, before, after):
    """Every pixel adds the kernel at twice its place; rows and columns are cut off at both ends."""
    kernel = layer["kernel"]
    size = kernel.shape[0]
    height, width = x.shape[1:3]
    y = np.zeros((len(x), 2 * height - 2 + size, 2 * width - 2 + size, kernel.shape[-1]))
    for row, column in np.ndindex(height, width):
        spread = np.einsum("nc,hwcf->nhwf", x[:, row, column], kernel)
        y[:, 2 * row : 2 * row + size, 2 * column : 2 * column + size] += spread
    y = y[:, before : y.shape[1] - after, before : y.shape[2] - after]
    return y + layer.get("bias", 0)


def norm(x, layer=None):
    """Of each image and channel, by Torch's epsilon."""
    centred = x - x.mean((1, 2), keepdims=True)
    y = centred / np.sqrt((centred**2).mean((1, 2), keepdims=True) + 1e-5)
    return y if layer is None else y * layer["scale"] + layer["bias"]


def relu(x, leak=0.0):
    """Leaky where asked for."""
    return np.where(x > 0, x, leak * x)


def unet(params, x, levels):
    """pix2pix' of this depth, with nothing dropped: skips are the outputs before the activation."""
    return _decoded(params, _encoded(params, x, levels), levels)


def stgan(params, x, levels):
    """Three encoders of the same parameters, whose maps stand side by side at every level."""
    dates = [_encoded(params, x[:, date], levels) for date in range(x.shape[1])]
    maps = [np.concatenate(of_level, axis=-1) for of_level in zip(*dates, strict=True)]
    return _decoded(params, maps, levels)


def _encoded(params, x, levels):
    skips = []
    for level in range(1, levels + 1):
        x = conv(x if level == 1 else relu(x, 0.2), params[f"down{level}"], 2, 1)
        if 1 < level < levels:
            x = norm(x, params[f"down{level}_norm"])
        skips.append(x)
    return skips


def _decoded(params, skips, levels):
    y = skips.pop()
    for level in range(levels, 1, -1):
        y = norm(transposed(relu(y), params[f"up{level}"], 1, 1), params[f"up{level}_norm"])
        y = np.concatenate([y, skips.pop()], axis=-1)
    return np.tanh(transposed(relu(y), params["up1"], 1, 1))


def resnet(params, x, blocks):
    """CycleGAN's."""
    y = relu(norm(conv(_mirrored(x, 3), params["conv1"])))
    for level in (1, 2):
        y = relu(norm(conv(y, params[f"down{level}"], 2, 1)))
    for index in range(1, blocks + 1):
        change = relu(norm(conv(_mirrored(y, 1), params[f"block{index}_conv1"])))
        y = y + norm(conv(_mirrored(change, 1), params[f"block{index}_conv2"]))
    for level in (2, 1):
        # Torch's output padding of 1 leaves the last row and column.
        y = relu(norm(transposed(y, params[f"up{level}"], 1, 0)))
    return np.tanh(conv(_mirrored(y, 3), params["conv2"]))


def patch_gan(params, x, halvings):
    """With scaled norms."""
    y = relu(conv(x, params["conv1"], 2, 1), 0.2)
    for index in range(2, halvings + 2):
        y = conv(y, params[f"conv{index}"], 2 if index <= halvings else 1, 1)
        y = relu(norm(y, params[f"norm{index}"]), 0.2)
    return conv(y, params[f"conv{halvings + 2}"], 1, 1)[..., 0]


def _mirrored(x, margin):
    return np.pad(x, [(0, 0), (margin, margin), (margin, margin), (0, 0)], mode="reflect")
