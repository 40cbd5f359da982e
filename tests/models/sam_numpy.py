"""Segment Anything written a second time, in numpy, entry by entry."""

import numpy as np

from tests.models.transformers_numpy import dense, feed_forward, gelu, layer_norm, softmax

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def relu(x):
    return np.maximum(x, 0)


def array(x):
    return np.asarray(x, np.float64)


def grid_attention(params, x, heads):
    """Self-attention of ``(H, W, d)`` with decomposed relative positions."""
    height, width, features = x.shape
    query, key, value = np.split(dense(x, params["qkv"]), 3, axis=-1)
    rows, columns = array(params["rows"]), array(params["columns"])
    mixed = np.zeros_like(x)
    for head in range(heads):
        own = slice(head * features // heads, (head + 1) * features // heads)
        for y, u in np.ndindex(height, width):
            q = query[y, u, own]
            logits = np.zeros((height, width))
            for v, w in np.ndindex(height, width):
                logits[v, w] = q @ key[v, w, own] / np.sqrt(features // heads)
                logits[v, w] += q @ rows[y - v + height - 1] + q @ columns[u - w + width - 1]
            mixed[y, u, own] = np.einsum("vw,vwd->d", softmax(logits), value[..., own])
    return dense(mixed, params["projection"])


def encoder_block(params, x, heads, window):
    height, width, features = x.shape
    normed = layer_norm(x, params["norm1"], 1e-6)
    attended = np.zeros_like(x)
    rows, columns = (window, window) if window else (height, width)
    for top in range(0, height, rows):
        for left in range(0, width, columns):
            # Beyond the grid lie zeros, which are attended to.
            cut = np.zeros((rows, columns, features))
            part = normed[top : top + rows, left : left + columns]
            cut[: part.shape[0], : part.shape[1]] = part
            found = grid_attention(params["attention"], cut, heads)
            attended[top : top + rows, left : left + columns] = found[
                : part.shape[0], : part.shape[1]
            ]
    x = x + attended
    return x + feed_forward(params["mlp"], layer_norm(x, params["norm2"], 1e-6), gelu)


def convolution3(x, kernel):
    padded = np.pad(x, [(1, 1), (1, 1), (0, 0)])
    found = np.zeros((*x.shape[:2], kernel.shape[-1]))
    for y, u in np.ndindex(x.shape[:2]):
        found[y, u] = np.einsum("abc,abcd->d", padded[y : y + 3, u : u + 3], kernel)
    return found


def strided(x, layer, side):
    """A convolution whose stride is its kernel's side."""
    kernel = array(layer["kernel"])
    found = np.zeros((x.shape[0] // side, x.shape[1] // side, kernel.shape[-1]))
    for y, u in np.ndindex(found.shape[:2]):
        part = x[y * side : (y + 1) * side, u * side : (u + 1) * side]
        found[y, u] = np.einsum("abc,abcd->d", part, kernel)
    return found + array(layer["bias"])


def encode(params, image, patch, heads, window, global_layers):
    """The embedding of one image ``(H, W, 3)``."""
    x = strided((image - MEAN) / DEVIATION, params["patches"], patch) + array(params["positions"])
    depth = sum(name.startswith("block") for name in params)
    for index in range(depth):
        own = 0 if index in global_layers else window
        x = encoder_block(params[f"block{index}"], x, heads, own)
    x = x @ array(params["neck_conv1"]["kernel"])[0, 0]
    x = layer_norm(x, params["neck_norm1"], 1e-6)
    x = convolution3(x, array(params["neck_conv2"]["kernel"]))
    return layer_norm(x, params["neck_norm2"], 1e-6)


def code(frequencies, x, y):
    """Of a place, both coordinates from 0 to 1."""
    angles = 2 * np.pi * (array([2 * x - 1, 2 * y - 1]) @ array(frequencies))
    return np.concatenate([np.sin(angles), np.cos(angles)])


def prompt_entries(params, frequencies, points, labels, size):
    """The entries that count: padding is left out."""
    height, width = size
    entries = []
    for (x, y), label in zip(points, labels, strict=True):
        if label >= 0:
            place = code(frequencies, (x + 0.5) / width, (y + 0.5) / height)
            entries.append(place + array(params["types"])[label])
    if not np.any(labels >= 2):
        entries.append(array(params["no_point"]))
    return np.stack(entries)


def mask_map(params, logits):
    x = strided(logits[..., None], params["mask_conv1"], 2)
    x = gelu(layer_norm(x, params["mask_norm1"], 1e-6))
    x = strided(x, params["mask_conv2"], 2)
    x = gelu(layer_norm(x, params["mask_norm2"], 1e-6))
    return strided(x, params["mask_conv3"], 1)


def cross_attention(params, query, key, value, heads):
    query, key, value = (
        dense(x, params[name]) for name, x in (("query", query), ("key", key), ("value", value))
    )
    width = query.shape[-1] // heads
    mixed = np.zeros_like(query)
    for head in range(heads):
        own = slice(head * width, (head + 1) * width)
        for i in range(len(query)):
            logits = array([query[i, own] @ k[own] / np.sqrt(width) for k in key])
            mixed[i, own] = softmax(logits) @ value[:, own]
    return dense(mixed, params["projection"])


def two_way_block(params, entries, pixels, places, codes, heads, first):
    if first:
        entries = cross_attention(params["entries"], entries, entries, entries, heads)
    else:
        placed = entries + places
        entries = entries + cross_attention(params["entries"], placed, placed, entries, heads)
    entries = layer_norm(entries, params["norm1"], 1e-5)
    seen = cross_attention(
        params["entries_to_image"], entries + places, pixels + codes, pixels, heads
    )
    entries = layer_norm(entries + seen, params["norm2"], 1e-5)
    entries = entries + feed_forward(params["mlp"], entries, relu)
    entries = layer_norm(entries, params["norm3"], 1e-5)
    seen = cross_attention(
        params["image_to_entries"], pixels + codes, entries + places, entries, heads
    )
    return entries, layer_norm(pixels + seen, params["norm4"], 1e-5)


def enlarged(x, layer):
    """A transposed convolution of side and stride 2."""
    kernel = array(layer["kernel"])
    found = np.zeros((2 * x.shape[0], 2 * x.shape[1], kernel.shape[-1]))
    for y, u in np.ndindex(found.shape[:2]):
        found[y, u] = x[y // 2, u // 2] @ kernel[y % 2, u % 2]
    return found + array(layer["bias"])


def perceptron(params, name, x):
    for index in (1, 2):
        x = relu(dense(x, params[f"{name}_dense{index}"]))
    return dense(x, params[f"{name}_dense3"])


def decode(params, image, codes, prompts, heads):
    """Four masks' logits and their predicted qualities, of one prompt."""
    height, width, features = image.shape
    entries = places = np.concatenate([array(params["entries"]), prompts])
    pixels, codes = (x.reshape(-1, features) for x in (image, codes))
    depth = sum(name.startswith("block") for name in params)
    for index in range(depth):
        entries, pixels = two_way_block(
            params[f"block{index}"], entries, pixels, places, codes, heads, index == 0
        )
    seen = cross_attention(params["attention"], entries + places, pixels + codes, pixels, heads)
    entries = layer_norm(entries + seen, params["norm"], 1e-5)
    x = enlarged(pixels.reshape(height, width, features), params["enlarge1"])
    x = gelu(layer_norm(x, params["enlarge1_norm"], 1e-6))
    x = gelu(enlarged(x, params["enlarge2"]))
    masks = [x @ perceptron(params, f"mask{k}", entries[1 + k]) for k in range(4)]
    return np.stack(masks), perceptron(params, "iou", entries[0])
