"""The networks that learn without labels a second time, in numpy, with loops."""

import numpy as np

from tests.models.backbones_numpy import convolution, dense, pooled, relu
from tests.models.segmentation_numpy import transposed
from tests.models.transformers_numpy import layer_norm, vit_block


def local_response(x):
    """Channel by channel, of the squares of those at most two away."""
    y, channels = np.zeros_like(x), x.shape[-1]
    for c in range(channels):
        sums = sum(x[..., d] ** 2 for d in range(max(0, c - 2), min(channels, c + 3)))
        y[..., c] = x[..., c] / (1 + 1e-4 / 5 * sums) ** 0.75
    return y


def plain_norm(x, statistics):
    return (x - np.asarray(statistics["mean"])) / np.sqrt(np.asarray(statistics["var"]) + 1e-5)


def grouped(x, layer, padding, groups):
    kernel, bias = np.asarray(layer["kernel"]), np.asarray(layer["bias"])
    inputs, outputs = x.shape[-1] // groups, kernel.shape[-1] // groups
    parts = []
    for g in range(groups):
        own = slice(g * outputs, (g + 1) * outputs)
        part = {"kernel": kernel[..., own], "bias": bias[own]}
        parts.append(convolution(x[..., g * inputs : (g + 1) * inputs], part, padding=padding))
    return np.concatenate(parts, axis=-1)


def trunk(x, params, statistics, stride, padding, groups, rounds_up):
    def pool(y):
        if rounds_up:
            y = np.pad(y, [(0, 1), (0, 1), (0, 0)], constant_values=-np.inf)
        return pooled(y, 3, 2, 0, np.max)

    y = relu(convolution(x, params["conv1"], stride, padding))
    y = local_response(pool(y))
    y = local_response(pool(relu(grouped(y, params["conv2"], 2, groups))))
    for name, own in (("3", 1), ("4", groups), ("5", groups)):
        y = grouped(y, params[f"conv{name}"], 1, own)
        y = relu(plain_norm(y, statistics[f"norm{name}"]) if statistics else y)
    return pool(y)


def relative_location(variables, first, second, stride, padding):
    params, statistics = variables["params"], variables["batch_stats"]

    def units(x, name):
        return relu(plain_norm(dense(x, params[name]["dense"]), statistics[name]["norm"]))

    def features(x):
        y = trunk(x, params["trunk"], statistics["trunk"], stride, padding, 1, True)
        return units(y.ravel(), "fc6")

    y = units(np.concatenate([features(first), features(second)]), "fc7")
    return dense(relu(dense(y, params["fc8"])), params["fc9"])


def context_free_network(params, tiles, stride):
    features = [
        relu(dense(trunk(x, params["trunk"], None, stride, 0, 2, False).ravel(), params["fc6"]))
        for x in tiles
    ]
    return dense(relu(dense(np.concatenate(features), params["fc7"])), params["fc8"])


def colorization(variables, lightness):
    params, statistics = variables["params"], variables["batch_stats"]
    y = (lightness - 50) / 100
    for block in range(7):
        layers = params[f"blocks_{block}"]
        dilation, count = (2 if block in (4, 5) else 1), (2 if block < 2 else 3)
        for index in range(1, count + 1):
            stride = 2 if block < 3 and index == count else 1
            y = relu(convolution(y, layers[f"conv{index}"], stride, dilation, dilation))
        y = plain_norm(y, statistics[f"blocks_{block}"]["norm"])
        y = y * np.asarray(layers["norm"]["scale"]) + np.asarray(layers["norm"]["bias"])
    y = relu(transposed(y, params["enlarge"], 4, (1, 1)))
    for index in range(2):
        y = relu(convolution(y, params[f"refine_{index}"], padding=1))
    return convolution(y, params["head"])


def positions(rows, columns, width):
    """Row by row: sines and cosines of the row, then of the column."""
    table, quarter = np.zeros((rows * columns, width)), width // 4
    for place in range(rows * columns):
        for axis, position in enumerate(divmod(place, columns)):
            for i in range(quarter):
                angle = position / 10000 ** (i / quarter)
                table[place, 2 * axis * quarter + i] = np.sin(angle)
                table[place, (2 * axis + 1) * quarter + i] = np.cos(angle)
    return table


def patches(image, side):
    corners = [
        (top, left)
        for top in range(0, image.shape[0], side)
        for left in range(0, image.shape[1], side)
    ]
    return np.stack([image[t : t + side, c : c + side].ravel() for t, c in corners])


def masked_autoencoder(params, image, hidden, side, heads, decoder_heads):
    """Predictions of all patches; `hidden` says of each whether the encoder doesn't see it."""

    def blocks(x, layers, heads):
        for index in range(1, sum(name.startswith("block") for name in layers) + 1):
            x = vit_block(layers[f"block{index}"], x, heads)
        return layer_norm(x, layers["norm"], 1e-6)

    grid = [length // side for length in image.shape[:2]]
    entries = dense(patches(image, side), params["embed"])
    entries = entries + positions(*grid, entries.shape[-1])
    shown = [place for place in range(len(hidden)) if not hidden[place]]
    first = np.asarray(params["class_entry"])[0]
    seen = dense(
        blocks(np.concatenate([first, entries[shown]]), params["encoder"], heads), params["narrow"]
    )
    table = positions(*grid, seen.shape[-1])
    given = [np.asarray(params["mask_entry"])[0, 0] + row for row in table]
    for row, place in zip(seen[1:], shown, strict=True):
        given[place] = row + table[place]
    y = blocks(np.stack([seen[0], *given]), params["decoder"], decoder_heads)
    return dense(y[1:], params["predict"])
