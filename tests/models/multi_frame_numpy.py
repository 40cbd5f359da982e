"""Networks of several frames written a second time, in numpy and scipy, with loops."""

import numpy as np
from scipy.ndimage import correlate


def leaky(x, slope=0.2):
    return np.where(x >= 0, x, slope * x)


def relu(x):
    return np.maximum(x, 0)


def correlation(x, kernel, bias=0.0):
    """Correlates ``(..., C)`` with ``(..., C, F)`` where the whole kernel fits inside."""
    kernel = np.asarray(kernel, np.float64)
    inside = tuple(
        slice(size // 2, side - (size - 1) // 2)
        for size, side in zip(kernel.shape[:-2], x.shape[:-1], strict=True)
    )
    maps = [
        sum(
            correlate(x[..., c], kernel[..., c, f], mode="constant", origin=0)[inside]
            for c in range(x.shape[-1])
        )
        for f in range(kernel.shape[-1])
    ]
    return np.stack(maps, axis=-1) + np.asarray(bias, np.float64)


def padded(x, pixels, mode):
    """Continues the last two axes before the channels."""
    margins = [(0, 0)] * (x.ndim - 3) + [(pixels, pixels)] * 2 + [(0, 0)]
    return np.pad(x, margins, mode=mode)


def normalized(layer):
    v = np.asarray(layer["v"], np.float64)
    kernel = np.empty_like(v)
    for f in range(v.shape[-1]):
        kernel[..., f] = v[..., f] / np.linalg.norm(v[..., f]) * float(layer["g"][f])
    return kernel


def shuffled(x, scale):
    """``(H, W, scale²)`` as pixels, one by one."""
    height, width, _ = x.shape
    out = np.empty((scale * height, scale * width, 1))
    for i, j in np.ndindex(scale, scale):
        out[i::scale, j::scale, 0] = x[..., i * scale + j]
    return out


def wdsr3d(params, frames, mean, deviation, blocks):
    """3DWDSRNet's answer to frames ``(T, h, w, 1)``."""

    def convolved(x, name, around=(0, 0)):
        slices, pixels = around
        x = np.pad(x, [(slices, slices), (pixels, pixels), (pixels, pixels), (0, 0)])
        layer = params
        for word in name.split("/"):
            layer = layer[word]
        return correlation(x, normalized(layer), layer["bias"])

    x = padded((frames.astype(np.float64) - mean) / deviation, 1, "reflect")
    skip = padded(x.mean(axis=0, keepdims=True), 1, "reflect")
    skip = convolved(relu(convolved(skip, "skip1")), "skip2")[0]
    y = relu(convolved(x, "head", (1, 1)))
    for block in range(1, blocks + 1):
        z = relu(convolved(y, f"block{block}/expand"))
        z = convolved(z, f"block{block}/narrow")
        y = y + convolved(z, f"block{block}/conv", (1, 1))
    reducer = 1
    while len(y) > 3:
        y = relu(convolved(padded(y, 1, "reflect"), f"reducer{reducer}"))
        reducer += 1
    y = convolved(y, "tail")[0] + skip
    return shuffled(y, 3) * deviation + mean


def instance_norm(x, layer, epsilon=1e-3):
    mean, variance = x.mean(axis=(0, 1)), x.var(axis=(0, 1))
    scaled = (x - mean) / np.sqrt(variance + epsilon)
    return scaled * np.asarray(layer["scale"]) + np.asarray(layer["bias"])


def deepsum_fused(params, y):
    """DeepSUM's correction ``(H, W, 1)`` of described, registered frames ``(T, H, W, C)``."""
    for index in range(1, (len(y) - 1) // 2 + 1):
        kernel, bias = params[f"fuse{index}_kernel"], params[f"fuse{index}_bias"]
        y = correlation(padded(y, 1, "reflect"), kernel, bias)
        # Of all frames together: they are one volume.
        mean, variance = y.mean(axis=(0, 1, 2)), y.var(axis=(0, 1, 2))
        layer = params[f"fuse{index}_norm"]
        y = (y - mean) / np.sqrt(variance + 1e-3) * np.asarray(layer["scale"])
        y = leaky(y + np.asarray(layer["bias"]))
    tail = params["tail"]
    return correlation(y[0], tail["kernel"], tail["bias"])


def deepsum(params, frames, clear, scale, enlarge, levels):
    """DeepSUM's answer to ``(T, h, w, 1)``, all frames taken; `enlarge` is the bicubic one."""
    mean, deviation, target = levels
    x = [enlarge((frame - mean) / deviation) for frame in frames.astype(np.float64)]
    seen = [np.kron(mask[..., 0], np.ones((scale, scale))) for mask in clear]
    described = []
    for image in x:
        y, index = image, 1
        while f"describe{index}" in params:
            layer = params[f"describe{index}"]
            y = correlation(padded(y, 1, "reflect"), layer["kernel"], layer["bias"])
            y, index = leaky(instance_norm(y, params[f"norm{index}"])), index + 1
        described.append(y)
    moved, moved_images = described[:1], x[:1]
    for image, y in zip(x[1:], described[1:], strict=True):
        z, index = np.concatenate([described[0], y], axis=-1), 1
        while f"register{index}" in params:
            layer = params[f"register{index}"]
            z = correlation(padded(z, 1, "reflect"), layer["kernel"], layer["bias"])
            index += 1
            z = leaky(z) if f"register{index}" in params else z
        scores = np.exp(z.mean(axis=(0, 1)))
        size = int(np.sqrt(scores.size))
        kernel = (scores / scores.sum()).reshape(size, size)
        for source, into in ((y, moved), (image, moved_images)):
            around = padded(source, size // 2, "reflect")
            bands = [correlation(around[..., c : c + 1], kernel[..., None, None]) for c in
                     range(source.shape[-1])]  # fmt: skip
            into.append(np.concatenate(bands, axis=-1))
    filled = [[f.copy() for f in moved], [f.copy() for f in moved_images]]
    for i, j in np.ndindex(*seen[0].shape):
        clear_ones = [t for t in range(len(x)) if seen[t][i, j] > 0]
        for t in range(len(x)):
            if clear_ones and seen[t][i, j] == 0:
                filled[0][t][i, j] = moved[clear_ones[0]][i, j]
                filled[1][t][i, j] = moved_images[clear_ones[0]][i, j]
    correction = deepsum_fused(params, np.stack(filled[0]))
    average = np.mean(filled[1], axis=0) * deviation / target
    return (correction + average) * target + mean


def prelu(x, layer):
    return np.where(x >= 0, x, float(layer["slope"]) * x)


def same(x, layer):
    pixels = np.shape(layer["kernel"])[0] // 2
    return correlation(np.pad(x, [(pixels, pixels)] * 2 + [(0, 0)]), layer["kernel"], layer["bias"])


def prelu_block(x, layer):
    y = prelu(same(x, layer["conv1"]), layer["prelu1"])
    return x + prelu(same(y, layer["conv2"]), layer["prelu2"])


def highres_net(params, frames, there, scale):
    """HighRes-net's answer to views ``(T, h, w, C)``, of which `there` says who is."""
    frames = frames.astype(np.float64)
    present = np.sort(
        np.stack([f for f, t in zip(frames[:9], there[:9], strict=True) if t]), axis=0
    )
    reference = present[(len(present) - 1) // 2]
    states, shares = [], list(there)
    while len(frames) & (len(frames) - 1):
        frames, shares = np.concatenate([frames, np.zeros_like(frames[:1])]), [*shares, False]
    for view in frames:
        y = same(np.concatenate([view, reference], axis=-1), params["encode"])
        y, block = prelu(y, params["encode_prelu"]), 1
        while f"block{block}" in params:
            y, block = prelu_block(y, params[f"block{block}"]), block + 1
        states.append(same(y, params["encoded"]))
    while len(states) > 1:
        half, last = len(states) // 2, 2 * (len(states) // 2) - 1
        fused = []
        for t in range(half):
            pair = np.concatenate([states[t], states[last - t]], axis=-1)
            y = prelu_block(pair, params["fuse"]["block"])
            y = prelu(same(y, params["fuse"]["conv"]), params["fuse"]["prelu"])
            fused.append(states[t] + shares[last - t] * y)
        states, shares = fused, shares[:half]
    (y,) = states
    kernel = np.asarray(params["enlarge"]["kernel"], np.float64)
    height, width = ((side - 1) * scale + 3 for side in y.shape[:2])
    large = np.zeros((height, width, kernel.shape[-1]))
    for i, j in np.ndindex(*y.shape[:2]):
        rows, columns = slice(i * scale, i * scale + 3), slice(j * scale, j * scale + 3)
        large[rows, columns] += np.einsum("c,hwcf->hwf", y[i, j], kernel)
    y = prelu(large + np.asarray(params["enlarge"]["bias"]), params["enlarge_prelu"])
    return same(y, params["tail"])
