import os
from collections.abc import Iterator, Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np

from imaging_jax.models.features import VGG19
from imaging_jax.models.features.vgg import BLOCKS
from imaging_jax.pretrained._files import read

# Keras' weights take levels of 255 in the order BGR, less this mean, here in RGB.
_KERAS_MEAN = (123.68, 116.779, 103.939)


def load_vgg19(path: str | os.PathLike) -> tuple[VGG19, dict[str, Any]]:
    """Builds VGG-19's convolutions and fills them with the weights of a file.

    Args:
        path: an .npz or .safetensors file with the names and axes of torchvision
            (``features.0.weight``, OIHW, and ``features.0.bias``) or of Keras
            (``block1_conv1/kernel``, HWIO, and ``block1_conv1/bias``). Other arrays, such as
            those of dense layers, are passed over.

    Returns:
        The module, which normalises RGB images in [0, 1] as these weights want them, and its
        variables.

    Raises:
        ValueError: names of neither, arrays that are missing or of another shape, all of which
            the message tells; or as `read`.
        FileNotFoundError: there is no such file.
    """
    arrays = read(path)
    if any(name.startswith("features.") for name in arrays):
        return VGG19(), {"params": _torchvision(arrays, str(path))}
    if any(name.startswith("block") for name in arrays):
        mean = tuple(level / 255 for level in _KERAS_MEAN)
        return VGG19(mean, (1 / 255,) * 3), {"params": _keras(arrays, str(path))}
    raise ValueError(
        f"{path}: wanted the names of torchvision, features.0.weight and so on, or of Keras, "
        f"block1_conv1/kernel and so on, got {sorted(arrays)[:4]}"
    )


def _layers() -> Iterator[tuple[int, int, int, int]]:
    """Block, place in it, input and output channels of every convolution."""
    inputs = VGG19.channels
    for block, (convolutions, outputs) in enumerate(BLOCKS, start=1):
        for index in range(1, convolutions + 1):
            yield block, index, inputs, outputs
            inputs = outputs


def _torchvision(arrays: Mapping[str, np.ndarray], origin: str) -> dict:
    shapes, layers = {}, {}
    for number, (block, index, inputs, outputs) in enumerate(_layers()):
        # Every convolution has a ReLU behind it, every block a pooling.
        theirs = f"features.{2 * number + block - 1}"
        shapes |= {f"{theirs}.weight": (outputs, inputs, 3, 3), f"{theirs}.bias": (outputs,)}
        layers[f"conv{block}_{index}"] = theirs
    _check(arrays, shapes, origin)
    return {
        ours: _layer(arrays[f"{theirs}.weight"].transpose(2, 3, 1, 0), arrays[f"{theirs}.bias"])
        for ours, theirs in layers.items()
    }


def _keras(arrays: Mapping[str, np.ndarray], origin: str) -> dict:
    shapes, layers = {}, {}
    for block, index, inputs, outputs in _layers():
        theirs = f"block{block}_conv{index}"
        shapes |= {f"{theirs}/kernel": (3, 3, inputs, outputs), f"{theirs}/bias": (outputs,)}
        layers[f"conv{block}_{index}"] = theirs
    _check(arrays, shapes, origin)
    params = {
        ours: _layer(arrays[f"{theirs}/kernel"], arrays[f"{theirs}/bias"])
        for ours, theirs in layers.items()
    }
    first = params["conv1_1"]
    return params | {"conv1_1": first | {"kernel": first["kernel"][:, :, ::-1]}}


def _layer(kernel, bias):
    return {"kernel": jnp.asarray(kernel, jnp.float32), "bias": jnp.asarray(bias, jnp.float32)}


def _check(arrays, shapes, origin):
    faults = [
        f"{name} has shape {arrays[name].shape}, wanted {shape}"
        if name in arrays
        else f"{name} of shape {shape} is missing"
        for name, shape in shapes.items()
        if name not in arrays or arrays[name].shape != shape
    ]
    if faults:
        raise ValueError(f"{origin}: {'; '.join(faults)}")
