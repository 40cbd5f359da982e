"""The vision transformers written a second time, in numpy, pixel by pixel."""

import numpy as np
from scipy.special import erf

from tests.models.hyperspectral_numpy import convolution, depthwise


def gelu(x):
    return x * (1 + erf(x / np.sqrt(2))) / 2


def gelu_tanh(x):
    return x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def dense(x, layer):
    return x @ np.asarray(layer["kernel"], np.float64) + np.asarray(layer.get("bias", 0.0))


def layer_norm(x, layer, epsilon):
    mean = x.mean(axis=-1, keepdims=True)
    deviation = np.sqrt(((x - mean) ** 2).mean(axis=-1, keepdims=True) + epsilon)
    return (x - mean) / deviation * np.asarray(layer["scale"]) + np.asarray(layer["bias"])


def deviation_norm(x, layer):
    """Divided by the deviation from the mean, which stays."""
    return x / np.sqrt(x.var(axis=-1, keepdims=True) + 1e-5) * np.asarray(layer["scale"])


def softmax(logits):
    weights = np.exp(logits - np.max(logits))
    return weights / weights.sum()


def attention(params, x, heads, keys=None, bias=None):
    """Self-attention of ``(T, d)``.

    keys: for each query, the entries it sees; all without.
    bias: function of (head, query, key).
    """
    length, width = x.shape
    query, key, value = np.split(dense(x, params["qkv"]), 3, axis=-1)
    mixed = np.zeros((length, width))
    for head in range(heads):
        own = slice(head * width // heads, (head + 1) * width // heads)
        for i in range(length):
            seen = range(length) if keys is None else keys[i]
            logits = [
                query[i, own] @ key[j, own] / np.sqrt(width // heads)
                + (0 if bias is None else bias(head, i, j))
                for j in seen
            ]
            weights = softmax(np.array(logits))
            mixed[i, own] = sum(w * value[j, own] for w, j in zip(weights, seen, strict=True))
    return dense(mixed, params["projection"])


def feed_forward(params, x, activation):
    return dense(activation(dense(x, params["expand"])), params["reduce"])


def vit_block(params, x, heads):
    x = x + attention(params["attention"], layer_norm(x, params["norm1"], 1e-6), heads)
    return x + feed_forward(params["mlp"], layer_norm(x, params["norm2"], 1e-6), gelu_tanh)


def vit(params, image, patch, heads):
    """Logits of one image ``(H, W, C)``."""
    height, width, _ = image.shape
    kernel = np.asarray(params["patches"]["kernel"], np.float64)
    entries = [np.asarray(params["class_entry"])]
    for top in range(0, height, patch):
        for left in range(0, width, patch):
            pixels = image[top : top + patch, left : left + patch]
            entry = np.einsum("hwc,hwcd->d", pixels, kernel)
            entries.append(entry + np.asarray(params["patches"]["bias"]))
    x = np.stack(entries) + np.asarray(params["positions"])
    blocks = sum(name.startswith("block") for name in params)
    for index in range(1, blocks + 1):
        x = vit_block(params[f"block{index}"], x, heads)
    return dense(layer_norm(x[0], params["norm"], 1e-6), params["head"])


def swin_block(params, x, heads, window, shift):
    """A Swin block of ``(H, W, C)`` without rolling: pixels see those of their own window."""
    height, width, channels = x.shape
    table = np.asarray(params["relative_position_bias"])
    pixels = [(row, column) for row in range(height) for column in range(width)]
    # The windows' corners lie at multiples of the side after the shift; those cut off at the
    # image's edges are smaller.
    windows = [((r - shift) // window, (c - shift) // window) for r, c in pixels]
    keys = [[j for j, other in enumerate(windows) if other == own] for own in windows]

    def bias(head, query, key):
        dy, dx = np.subtract(pixels[query], pixels[key])
        return table[(dy + window - 1) * (2 * window - 1) + dx + window - 1, head]

    normed = layer_norm(x, params["norm1"], 1e-5).reshape(-1, channels)
    attended = attention(params["attention"], normed, heads, keys, bias)
    x = x + attended.reshape(x.shape)
    return x + feed_forward(params["mlp"], layer_norm(x, params["norm2"], 1e-5), gelu)


def swin(params, image, patch, heads, window):
    """Logits of one image ``(H, W, C)``, whose windows divide its sides."""
    height, width, _ = image.shape
    kernel = np.asarray(params["patches"]["kernel"], np.float64)
    x = np.zeros((height // patch, width // patch, kernel.shape[-1]))
    for row, column in np.ndindex(x.shape[:2]):
        pixels = image[row * patch : (row + 1) * patch, column * patch : (column + 1) * patch]
        x[row, column] = np.einsum("hwc,hwcd->d", pixels, kernel)
    x = layer_norm(x + np.asarray(params["patches"]["bias"]), params["patches_norm"], 1e-5)
    for stage in range(1, len(heads) + 1):
        if stage > 1:
            merged = np.zeros((x.shape[0] // 2, x.shape[1] // 2, 4 * x.shape[2]))
            for row, column in np.ndindex(merged.shape[:2]):
                offsets = [(0, 0), (1, 0), (0, 1), (1, 1)]
                parts = [x[2 * row + dy, 2 * column + dx] for dy, dx in offsets]
                merged[row, column] = np.concatenate(parts)
            x = dense(
                layer_norm(merged, params[f"merging{stage}_norm"], 1e-5), params[f"merging{stage}"]
            )
        side = min(window, *x.shape[:2])
        shift = 0 if min(x.shape[:2]) <= window else window // 2
        depth = sum(name.startswith(f"stage{stage}_block") for name in params)
        for index in range(depth):
            x = swin_block(
                params[f"stage{stage}_block{index + 1}"],
                x,
                heads[stage - 1],
                side,
                shift if index % 2 else 0,
            )
    return dense(layer_norm(x, params["norm"], 1e-5).mean(axis=(0, 1)), params["head"])


def swinir(params, image, heads, window, scale, mean, value_range):
    """SwinIR's answer to one image ``(H, W, C)`` whose sides are multiples of the window."""
    shallow = convolution((image - mean) * value_range, params["head"])
    x = layer_norm(shallow, params["head_norm"], 1e-5)
    group = 1
    while f"group{group}_conv" in params:
        skip = x
        depth = sum(name.startswith(f"group{group}_block") for name in params)
        for index in range(depth):
            block = params[f"group{group}_block{index + 1}"]
            x = swin_block(block, x, heads, window, window // 2 if index % 2 else 0)
        x, group = convolution(x, params[f"group{group}_conv"]) + skip, group + 1
    x = convolution(layer_norm(x, params["norm"], 1e-5), params["body"]) + shallow
    if scale == 1:
        return image + convolution(x, params["tail"]) / value_range
    if "upsampler" in params:
        x = convolution(x, params["before_upsampler"])
        x = np.where(x > 0, x, 0.01 * x)
        for name in sorted(params["upsampler"]):
            x = convolution(x, params["upsampler"][name])
            x = shuffled(x, round((x.shape[-1] // 64) ** 0.5))
        x = convolution(x, params["tail"])
    else:
        x = shuffled(convolution(x, params["tail"]), scale)
    return x / value_range + mean


def shuffled(x, factor):
    """Channels to pixels: channel (dy factor + dx) C + c to (y factor + dy, x factor + dx, c)."""
    height, width, channels = x.shape
    channels //= factor**2
    y = np.zeros((height * factor, width * factor, channels))
    for dy, dx in np.ndindex(factor, factor):
        start = (dy * factor + dx) * channels
        y[dy::factor, dx::factor] = x[..., start : start + channels]
    return y


def unshuffled(x, factor):
    parts = [x[dy::factor, dx::factor] for dy, dx in np.ndindex(factor, factor)]
    return np.concatenate(parts, axis=-1)


def transposed_attention(params, x, heads):
    """MDTA of ``(H, W, C)``, channel by channel."""
    channels = x.shape[-1]
    qkv = depthwise(dense(x, params["qkv"]), params["qkv_conv"])
    query, key, value = np.split(qkv, 3, axis=-1)
    size, mixed = channels // heads, np.zeros_like(x)
    for head in range(heads):
        own = range(head * size, (head + 1) * size)
        for i in own:
            q = query[..., i] / np.linalg.norm(query[..., i])
            angles = [np.sum(q * key[..., j] / np.linalg.norm(key[..., j])) for j in own]
            weights = softmax(np.asarray(params["temperature"])[head, 0, 0] * np.array(angles))
            mixed[..., i] = sum(w * value[..., j] for w, j in zip(weights, own, strict=True))
    return dense(mixed, params["projection"])


def gated_feed_forward(params, x):
    """GDFN of ``(H, W, C)``."""
    gate, y = np.split(depthwise(dense(x, params["expand"]), params["conv"]), 2, axis=-1)
    return dense(gelu(gate) * y, params["reduce"])


def restormer_block(params, x, heads):
    def norm(x, layer):
        return layer_norm(x, layer, 1e-5) if "bias" in layer else deviation_norm(x, layer)

    x = x + transposed_attention(params["attention"], norm(x, params["norm1"]), heads)
    return x + gated_feed_forward(params["mlp"], norm(x, params["norm2"]))


def restormer(params, image, heads):
    """Restormer's answer to one image ``(H, W, C)`` whose sides need no padding."""

    def blocks(x, name, heads):
        index = 1
        while f"{name}_block{index}" in params:
            x, index = restormer_block(params[f"{name}_block{index}"], x, heads), index + 1
        return x

    x, skips = convolution(image, params["head"]), []
    for level in range(1, len(heads)):
        skips.append(blocks(x, f"down{level}", heads[level - 1]))
        x = unshuffled(convolution(skips[-1], params[f"shrink{level}"]), 2)
    x = blocks(x, "bottom", heads[-1])
    for level in reversed(range(1, len(heads))):
        x = shuffled(convolution(x, params[f"enlarge{level}"]), 2)
        x = np.concatenate([x, skips[level - 1]], axis=-1)
        if level > 1:
            x = convolution(x, params[f"reduce{level}"])
        x = blocks(x, f"up{level}", heads[level - 1])
    return image + convolution(blocks(x, "refinement", heads[0]), params["tail"])
