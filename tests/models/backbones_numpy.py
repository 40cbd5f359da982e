"""Attention blocks and convolutional backbones a second time, in numpy, with loops."""

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def relu(x):
    return np.maximum(x, 0)


def dense(x, layer):
    """Multiplies the last axis by the layer's kernel, output by output."""
    kernel = np.asarray(layer["kernel"], np.float64)
    outputs = [np.sum(x * kernel[:, j], axis=-1) for j in range(kernel.shape[1])]
    return np.stack(outputs, axis=-1) + np.asarray(layer.get("bias", 0.0))


def convolution(x, layer, stride=1, padding=0, dilation=1):
    """Correlates ``(H, W, C)`` with ``(k, k, C, F)``, place by place."""
    kernel = np.asarray(layer["kernel"], np.float64)
    size = dilation * (kernel.shape[0] - 1) + 1
    x = np.pad(x, [(padding, padding), (padding, padding), (0, 0)])
    height, width = ((side - size) // stride + 1 for side in x.shape[:2])
    y = np.zeros((height, width, kernel.shape[-1]))
    for i, j in np.ndindex(height, width):
        rows = slice(i * stride, i * stride + size, dilation)
        columns = slice(j * stride, j * stride + size, dilation)
        y[i, j] = np.tensordot(x[rows, columns], kernel, 3)
    return y + np.asarray(layer.get("bias", 0.0))


def norm(x, name, params, statistics):
    """Batch norm by running statistics."""
    layer, running = params[name], statistics[name]
    normalized = (x - np.asarray(running["mean"])) / np.sqrt(np.asarray(running["var"]) + 1e-5)
    return normalized * np.asarray(layer["scale"]) + np.asarray(layer["bias"])


def pooled(x, size, stride, padding, of):
    """Pools ``(H, W, C)`` by ``of``, np.max or np.mean; sides as convolutions have them."""
    x = np.pad(x, [(padding, padding), (padding, padding), (0, 0)], constant_values=-np.inf)
    height, width = ((side - size) // stride + 1 for side in x.shape[:2])
    y = np.zeros((height, width, x.shape[-1]))
    for i, j in np.ndindex(height, width):
        window = x[i * stride : i * stride + size, j * stride : j * stride + size]
        y[i, j] = of(window, axis=(0, 1))
    return y


def mlp(x, params):
    return dense(relu(dense(x, params["reduce"])), params["expand"])


def se(x, params, _=None):
    return x * sigmoid(mlp(x.mean((0, 1)), params["mlp"]))


def cbam(x, params, statistics):
    x = x * sigmoid(mlp(x.mean((0, 1)), params["mlp"]) + mlp(x.max((0, 1)), params["mlp"]))
    places = np.stack([x.max(-1), x.mean(-1)], axis=-1)
    places = convolution(places, params["spatial"], padding=3)
    return x * sigmoid(norm(places, "spatial_norm", params, statistics))


def bam(x, params, statistics):
    def normed(y, name):
        return relu(norm(y, name, params, statistics))

    channels = normed(dense(x.mean((0, 1)), params["channel_reduce"]), "channel_norm")
    channels = dense(channels, params["channel_expand"])
    places = normed(dense(x, params["spatial_reduce"]), "spatial_norm")
    for name in ("spatial_conv1", "spatial_conv2"):
        places = normed(convolution(places, params[name], 1, 4, 4), f"{name}_norm")
    return x * (1 + sigmoid(channels * dense(places, params["spatial_out"])))


def weighed(query, key, value):
    """Of every pixel of ``(H, W, d)``: values by the softmax over all pixels."""
    mixed = np.zeros_like(value)
    for place in np.ndindex(query.shape[:2]):
        logits = np.exp(np.sum(query[place] * key, axis=-1))
        weights = logits / logits.sum()
        mixed[place] = sum(weights[p] * value[p] for p in np.ndindex(weights.shape))
    return mixed


def non_local(x, params, statistics):
    y = weighed(*(dense(x, params[name]) for name in ("theta", "phi", "g")))
    return x + norm(dense(y, params["out"]), "norm", params, statistics)


def sagan(x, params, _=None):
    # What is attended to is f, what attends is g (Zhang et al., equation 1).
    query, key, value = (dense(x, params[name]) for name in ("g", "f", "h"))
    return x + np.asarray(params["gamma"]) * weighed(query, key, value)


ATTENTION = {
    "bam": bam,
    "cbam": cbam,
    "channel": se,
    "non_local": non_local,
    "sagan": sagan,
    "se": se,
}


def resnet_stages(x, variables, blocks, bottleneck, dilations=(1, 1)):
    """What each stage gives of one image; attention where there is, squeezes alone.

    The stem is of one 7x7 convolution or of three of 3x3, by its parameters.
    """
    params, statistics = variables["params"], variables["batch_stats"]
    y = x
    for name, stride in (("stem", 2), ("stem1", 2), ("stem2", 1), ("stem3", 1)):
        if name in params:
            y = convolution(y, params[name], stride, params[name]["kernel"].shape[0] // 2)
            y = relu(norm(y, f"{name}_norm", params, statistics))
    y = pooled(y, 3, 2, 1, np.max)
    stages = []
    for stage, count in enumerate(blocks, 1):
        dilation = (1, 1, *dilations)[stage - 1]
        for index in range(1, count + 1):
            own, running = (tree[f"stage{stage}_block{index}"] for tree in (params, statistics))
            stride = 2 if stage > 1 and index == 1 and dilation == 1 else 1

            def normed(z, name, stride, own=own, running=running, dilation=dilation):
                size = own[name]["kernel"].shape[0]
                spread = dilation if size > 1 else 1
                z = convolution(z, own[name], stride, spread * (size // 2), spread)
                return norm(z, f"{name}_norm", own, running)

            if bottleneck:
                branch = relu(normed(relu(normed(y, "conv1", 1)), "conv2", stride))
                branch = normed(branch, "conv3", 1)
            else:
                branch = normed(relu(normed(y, "conv1", stride)), "conv2", 1)
            branch = se(branch, own["attention"]) if "attention" in own else branch
            y = normed(y, "shortcut", stride) if "shortcut" in own else y
            y = relu(y + branch)
        stages.append(y)
    return stages


def resnet(x, variables, blocks, bottleneck):
    """ResNet's logits of one image."""
    backbone = {kind: tree["backbone"] for kind, tree in variables.items()}
    *_, y = resnet_stages(x, backbone, blocks, bottleneck)
    return dense(y.mean((0, 1)), variables["params"]["head"])


def cifar_resnet(x, variables, blocks, residual):
    params, statistics = variables["params"], variables["batch_stats"]

    def normed(z, name, stride):
        return norm(convolution(z, params[name], stride, 1), f"{name}_norm", params, statistics)

    y = relu(normed(x, "stem", 1))
    for stage in (1, 2, 3):
        for index in range(1, blocks + 1):
            stride = 2 if stage > 1 and index == 1 else 1
            name = f"stage{stage}_block{index}"
            branch = normed(relu(normed(y, f"{name}_conv1", stride)), f"{name}_conv2", 1)
            shortcut = np.zeros_like(branch)
            shortcut[..., : y.shape[-1]] = y[::stride, ::stride]
            y = relu(branch + shortcut if residual else branch)
    return dense(y.mean((0, 1)), params["head"])


def densenet(x, variables, blocks):
    params, statistics = variables["params"], variables["batch_stats"]

    def rectified(z, name):
        return relu(norm(z, name, params, statistics))

    y = rectified(convolution(x, params["stem"], 2, 3), "stem_norm")
    y = pooled(y, 3, 2, 1, np.max)
    for block, layers in enumerate(blocks, 1):
        for layer in range(1, layers + 1):
            name = f"block{block}_layer{layer}"
            new = convolution(rectified(y, f"{name}_norm1"), params[f"{name}_conv1"])
            new = convolution(rectified(new, f"{name}_norm2"), params[f"{name}_conv2"], 1, 1)
            y = np.concatenate([y, new], axis=-1)
        if block < len(blocks):
            y = convolution(
                rectified(y, f"transition{block}_norm"), params[f"transition{block}_conv"]
            )
            y = pooled(y, 2, 2, 0, np.mean)
    return dense(rectified(y, "norm").mean((0, 1)), params["head"])
