"""Captioners without an encoder written a second time, in numpy, word by word."""

import numpy as np
from scipy.special import expit

from tests.models.transformers_numpy import dense, layer_norm, softmax


def lstm(params, memory, output, x):
    """One step: gates of the joined inputs in the order i, f, g, o."""
    joined = dense(np.concatenate([x, output]), params["gates"])
    width = len(memory)
    enter, forget, candidate, leave = (joined[i * width : (i + 1) * width] for i in range(4))
    memory = expit(forget) * memory + expit(enter) * np.tanh(candidate)
    return memory, expit(leave) * np.tanh(memory)


def show_and_tell(params, grid, tokens):
    """Logits (T, V) of one image (h, w, F)."""
    memory = output = np.zeros(params["cell"]["gates"]["bias"].shape[0] // 4)
    image = dense(grid.mean(axis=(0, 1)), params["image"])
    memory, output = lstm(params["cell"], memory, output, image)
    logits = []
    for token in tokens:
        word = params["words"]["embedding"][token]
        memory, output = lstm(params["cell"], memory, output, word)
        logits.append(dense(output, params["logits"]))
    return np.stack(logits), None


def show_attend_and_tell(params, grid, tokens):
    """Logits (T, V) and attention (T, h, w) of one image."""
    cells = grid.reshape(-1, grid.shape[-1])
    mean, cell = cells.mean(axis=0), params["cell"]
    memory, output = (np.tanh(dense(mean, params[name])) for name in ("memory0", "output0"))
    logits, maps = [], []
    for token in tokens:
        scores = []
        for own in cells:
            compared = dense(own, params["keys"]) + dense(output, cell["query"])
            scores.append(dense(np.maximum(compared, 0), cell["scores"])[0])
        weights = softmax(np.array(scores))
        context = sum(weight * own for weight, own in zip(weights, cells, strict=True))
        gated = expit(dense(output, cell["gate"])) * context
        word = params["words"]["embedding"][token]
        memory, output = lstm(cell["lstm"], memory, output, np.concatenate([word, gated]))
        logits.append(dense(output, params["logits"]))
        maps.append(weights.reshape(grid.shape[:2]))
    return np.stack(logits), np.stack(maps)


def transformer(params, grid, tokens, heads):
    """Logits (T, V) and the last layer's attention (T, h, w) of one image."""
    cells = dense(grid.reshape(-1, grid.shape[-1]), params["cells"])
    places = params["places"]["embedding"]
    y = np.stack([params["words"]["embedding"][t] + places[i] for i, t in enumerate(tokens)])
    y = y.astype(np.float64)
    index = 0
    while f"layers_{index}" in params:
        own = params[f"layers_{index}"]
        normed = layer_norm(y, own["norm1"], 1e-6)
        mixed, _ = _attention(own, "own_", normed, normed, heads, causal=True)
        y = y + mixed
        normed = layer_norm(y, own["norm2"], 1e-6)
        mixed, weights = _attention(own, "", normed, cells, heads, causal=False)
        y = y + mixed
        normed = layer_norm(y, own["norm3"], 1e-6)
        hidden = np.maximum(dense(normed, own["mlp"]["expand"]), 0)
        y = y + dense(hidden, own["mlp"]["reduce"])
        index += 1
    logits = dense(layer_norm(y, params["norm"], 1e-6), params["logits"])
    return logits, weights.reshape(len(tokens), *grid.shape[:2])


def _attention(params, prefix, asking, answering, heads, causal):
    query = dense(asking, params[f"{prefix}query"])
    key, value = (dense(answering, params[f"{prefix}{name}"]) for name in ("key", "value"))
    wide = query.shape[-1] // heads
    mixed, mean = np.zeros_like(query), np.zeros((len(asking), len(answering)))
    for head in range(heads):
        part = slice(head * wide, (head + 1) * wide)
        for i in range(len(asking)):
            seen = range(i + 1) if causal else range(len(answering))
            weights = softmax(
                np.array([query[i, part] @ key[j, part] / np.sqrt(wide) for j in seen])
            )
            for j, weight in zip(seen, weights, strict=True):
                mixed[i, part] += weight * value[j, part]
                mean[i, j] += weight / heads
    return dense(mixed, params[f"{prefix}out"]), mean
