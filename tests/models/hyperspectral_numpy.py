"""The hyperspectral networks written a second time, in numpy and scipy, with loops."""

import numpy as np
from scipy.ndimage import correlate, zoom
from scipy.special import erf


def volume_convolution(x, kernel, bias=0.0, stride=1):
    """Correlates ``(bands, H, W, C)`` with ``(3, 3, 3, C, F)``, zeros around it."""
    kernel = np.asarray(kernel, np.float64)
    outputs = [
        sum(
            correlate(x[..., c], kernel[..., c, f], mode="constant")
            for c in range(kernel.shape[-2])
        )
        for f in range(kernel.shape[-1])
    ]
    return np.stack(outputs, axis=-1)[:, ::stride, ::stride] + np.asarray(bias)


def convolution(x, layer):
    """Correlates ``(H, W, C)`` with a layer's kernel ``(h, w, C, F)`` and adds its bias."""
    kernel = np.asarray(layer["kernel"], np.float64)
    maps = [
        sum(
            correlate(x[..., c], kernel[..., c, f], mode="constant") for c in range(kernel.shape[2])
        )
        for f in range(kernel.shape[3])
    ]
    return np.stack(maps, axis=-1) + np.asarray(layer.get("bias", 0.0))


def depthwise(x, layer):
    """Correlates each channel of ``(H, W, C)`` with its own kernel of ``(h, w, 1, C)``."""
    kernel = np.asarray(layer["kernel"], np.float64)
    maps = [correlate(x[..., c], kernel[:, :, 0, c], mode="constant") for c in range(x.shape[-1])]
    return np.stack(maps, axis=-1) + np.asarray(layer.get("bias", 0.0))


def pooled(z, f, backward):
    """The quasi-recurrent mean along the first axis, value by value."""
    h = np.zeros_like(z)
    for place in np.ndindex(z.shape[1:]):
        memory = 0.0
        bands = range(z.shape[0])
        for b in reversed(bands) if backward else bands:
            memory = f[(b, *place)] * memory + (1 - f[(b, *place)]) * z[(b, *place)]
            h[(b, *place)] = memory
    return h


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gelu(x):
    return x * (1 + erf(x / np.sqrt(2))) / 2


def hsid_band(params, band, neighbours):
    """HSID-CNN's answer for one band ``(H, W)`` with neighbours ``(H, W, 24)``."""
    views = [convolution(neighbours, params[f"neighbours_conv{s}"]) for s in (3, 5, 7)]
    views += [convolution(band[..., None], params[f"band_conv{s}"]) for s in (3, 5, 7)]
    y, taps = np.maximum(np.concatenate(views, axis=-1), 0), []
    for index in range(1, 10):
        y = np.maximum(convolution(y, params[f"conv{index}"]), 0)
        if index in (3, 5, 7, 9):
            taps.append(convolution(y, params[f"tap{index}"]))
    return (
        band + convolution(np.maximum(np.concatenate(taps, axis=-1), 0), params["conv10"])[..., 0]
    )


def qrnn3d(variables, cube):
    """QRNN3D's answer to one cube ``(H, W, bands)`` whose sides are multiples of 4."""
    params, statistics = variables["params"], variables["batch_stats"]

    def layer(name, x, directions, stride=1, enlarged=False):
        norm, running = params[name]["norm"], statistics[name]["norm"]
        x = (x - running["mean"]) / np.sqrt(running["var"] + 1e-5) * norm["scale"] + norm["bias"]
        x = zoom(x, (1, 2, 2, 1), order=1) if enlarged else x
        conv = params[name]["conv"]
        y = volume_convolution(x, conv["kernel"], conv.get("bias", 0.0), stride)
        z, *gates = np.split(y, 1 + len(directions), axis=-1)
        pairs = zip(gates, directions, strict=True)
        return sum(pooled(np.tanh(z), sigmoid(f), way == "back") for f, way in pairs)

    volume = np.moveaxis(np.asarray(cube, np.float64), -1, 0)[..., None]
    start = layer("extractor", volume, ["on", "back"])
    first = layer("encoder1", start, ["on"])
    second = layer("encoder2", first, ["back"], stride=2)
    third = layer("encoder3", second, ["on"])
    fourth = layer("encoder4", third, ["back"], stride=2)
    y = layer("encoder5", fourth, ["on"])
    y = layer("decoder1", y, ["back"]) + fourth
    y = layer("decoder2", y, ["on"], enlarged=True) + third
    y = layer("decoder3", y, ["back"]) + second
    y = layer("decoder4", y, ["on"], enlarged=True) + first
    y = layer("decoder5", y, ["back"]) + start
    y = layer("reconstructor", y, ["on", "back"]) + volume
    return np.moveaxis(y[..., 0], 0, -1)


def spectral_attention(params, x, heads, guide=None, level=0):
    """S-MSA of ``(H, W, C)``; with a guide ``(H, W', C)`` of this level, that of MST."""
    _, width, channels = x.shape
    query, key, value = (x @ params[name]["kernel"] for name in ("query", "key", "value"))
    weighed = value * _guide(params["guide"], guide, width, level) if guide is not None else value
    size, mixed = channels // heads, np.zeros_like(x)
    for head in range(heads):
        own = range(head * size, (head + 1) * size)
        for i in own:
            k = key[..., i] / np.linalg.norm(key[..., i])
            angles = [np.sum(k * query[..., j] / np.linalg.norm(query[..., j])) for j in own]
            weights = np.exp(np.asarray(params["scale"])[head, 0, 0] * np.array(angles))
            weights /= weights.sum()
            mixed[..., i] = sum(w * weighed[..., j] for w, j in zip(weights, own, strict=True))
    y = mixed @ params["projection"]["kernel"] + params["projection"]["bias"]
    return y + depthwise(gelu(depthwise(value, params["position1"])), params["position2"])


def _guide(params, guide, width, level):
    y = guide @ params["conv1"]["kernel"] + params["conv1"]["bias"]
    gate = depthwise(y @ params["conv2"]["kernel"] + params["conv2"]["bias"], params["conv3"])
    y = y + y * sigmoid(gate)
    starts = [int(2 / 4**level * channel) for channel in range(y.shape[-1])]
    columns = [y[:, start : start + width, c] for c, start in enumerate(starts)]
    return np.stack(columns, axis=-1)
