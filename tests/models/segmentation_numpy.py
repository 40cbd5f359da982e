"""Networks that segment a second time, in numpy, with loops."""

from functools import partial

import numpy as np

from tests.models.backbones_numpy import convolution, norm, pooled, relu, resnet_stages


def transposed(x, layer, size, crop):
    """Adds the kernel, weighted by each pixel, at twice its place; ``crop`` rows are cut off."""
    kernel, (height, width) = np.asarray(layer["kernel"], np.float64), x.shape[:2]
    y = np.zeros((2 * height - 2 + size, 2 * width - 2 + size, kernel.shape[-1]))
    for i, j in np.ndindex(height, width):
        y[2 * i : 2 * i + size, 2 * j : 2 * j + size] += np.einsum("c,hwcf->hwf", x[i, j], kernel)
    before, after = crop
    cut = y[before : y.shape[0] - after, before : y.shape[1] - after]
    return cut + np.asarray(layer["bias"])


def continued(x, multiple, remainder=0):
    """Repeats the last row and column up to sides of that remainder."""
    margins = [(0, (remainder - side) % multiple) for side in x.shape[:2]]
    return np.pad(x, [*margins, (0, 0)], mode="edge")


def unet(x, variables, depth, padding):
    params, statistics = variables["params"], variables.get("batch_stats", {})
    height, width = x.shape[:2]

    def convolved(y, name):
        for index in (1, 2):
            y = convolution(y, params[f"{name}_conv{index}"], 1, int(padding == "same"))
            if f"{name}_norm{index}" in params:
                y = norm(y, f"{name}_norm{index}", params, statistics)
            y = relu(y)
        return y

    y = continued(x, 2**depth) if padding == "same" else x
    maps = []
    for level in range(depth + 1):
        y = pooled(y, 2, 2, 0, np.max) if level else y
        y = convolved(y, f"down{level + 1}")
        maps.append(y)
    for level in reversed(range(depth)):
        y = transposed(y, params[f"enlarge{level + 1}"], 2, (0, 0))
        top, left = ((a - b) // 2 for a, b in zip(maps[level].shape[:2], y.shape[:2], strict=True))
        skip = maps[level][top : top + y.shape[0], left : left + y.shape[1]]
        y = convolved(np.concatenate([skip, y], axis=-1), f"up{level + 1}")
    return convolution(y, params["head"])[:height, :width]


def fbp_conv_net(x, variables, depth):
    params, statistics = variables["params"], variables["batch_stats"]

    def convolved(y, name):
        index = 1
        while f"{name}_conv{index}" in params:
            y = convolution(y, params[f"{name}_conv{index}"], 1, 1)
            y = relu(norm(y, f"{name}_norm{index}", params, statistics))
            index += 1
        return y

    y, maps = continued(x, 2**depth), []
    for level in range(depth + 1):
        y = pooled(y, 2, 2, 0, np.max) if level else y
        y = convolved(y, f"down{level + 1}")
        maps.append(y)
    for level in reversed(range(depth)):
        name = f"enlarge{level + 1}"
        y = transposed(y, params[name], 3, (0, 1))
        y = relu(norm(y, f"{name}_norm", params, statistics))
        y = convolved(np.concatenate([maps[level], y], axis=-1), f"up{level + 1}")
    return x + convolution(y, params["tail"])[: x.shape[0], : x.shape[1]]


def averaged(x, bins):
    """Means over overlapping cells, as Torch's adaptive pooling has them."""
    y = np.zeros((bins, bins, x.shape[-1]))
    for i, j in np.ndindex(bins, bins):
        rows, columns = (
            slice(int(np.floor(k * side / bins)), int(np.ceil((k + 1) * side / bins)))
            for k, side in zip((i, j), x.shape[:2], strict=True)
        )
        y[i, j] = x[rows, columns].mean((0, 1))
    return y


def interpolated(x, height, width):
    """Bilinear, from the first pixel's centre to the last one's."""
    for axis, new in ((0, height), (1, width)):
        pixels = np.arange(x.shape[axis])
        places = np.linspace(0, pixels[-1], new)
        x = np.apply_along_axis(partial(np.interp, places, pixels), axis, x)
    return x


def pspnet(x, variables, blocks, bottleneck):
    """The logits of each head that there is, of one image."""
    params, statistics = variables["params"], variables["batch_stats"]
    padded = continued(x, 8, 1)
    backbone = {kind: tree["backbone"] for kind, tree in variables.items()}
    _, _, third, fourth = resnet_stages(padded, backbone, blocks, bottleneck, (2, 4))

    def normed(y, name, padding):
        y = convolution(y, params[name], 1, padding)
        return relu(norm(y, f"{name}_norm", params, statistics))

    def head(y, name):
        y = convolution(normed(y, f"{name}_conv", 1), params[f"{name}_logits"])
        return interpolated(y, *padded.shape[:2])[: x.shape[0], : x.shape[1]]

    parts = [fourth]
    for bins in (1, 2, 3, 6):
        part = normed(averaged(fourth, bins), f"pyramid{bins}", 0)
        parts.append(interpolated(part, *fourth.shape[:2]))
    maps = {"head": np.concatenate(parts, axis=-1), "auxiliary_head": third}
    return [head(y, name) for name, y in maps.items() if f"{name}_conv" in params]
