from collections.abc import Mapping

import numpy as np

Arrays = Mapping[str, np.ndarray]


def srcnn_chxy95(arrays: Arrays) -> dict:
    """Maps Torch ``conv{1,2,3}.{weight,bias}`` to the parameters of SRCNN."""
    return {
        layer: _convolution(arrays[f"{layer}.weight"], arrays[f"{layer}.bias"])
        for layer in ("conv1", "conv2", "conv3")
    }


def vdsr_twtygqyy(arrays: Arrays) -> dict:
    """Maps Torch ``model.{input,residual_layer.i.conv,output}.weight`` to those of VDSR."""
    hidden = [f"residual_layer.{index}.conv" for index in range(len(arrays) - 2)]
    layers = ["input", *hidden, "output"]
    return {
        f"conv{index + 1}": _convolution(arrays[f"model.{layer}.weight"])
        for index, layer in enumerate(layers)
    }


def edsr_krasserm(arrays: Arrays) -> dict:
    """Maps MXNet ``convolution{i}_{weight,bias}``, numbered in order, to EDSR at one stage.

    The order is head, two to every block, body, upsampler, tail. The mean is a constant of the
    model and is not converted.
    """
    count = sum(name.endswith("_bias") for name in arrays)
    convolutions = [
        _convolution(arrays[f"convolution{index}_weight"], arrays[f"convolution{index}_bias"])
        for index in range(count)
    ]
    head, *blocks, body, upsampler, tail = convolutions
    pairs = zip(blocks[::2], blocks[1::2], strict=True)
    return {
        "head": head,
        **{
            f"block{index + 1}": {"conv1": first, "conv2": second}
            for index, (first, second) in enumerate(pairs)
        },
        "body": body,
        "upsampler": {"conv1": upsampler},
        "tail": tail,
    }


def _convolution(weight: np.ndarray, bias: np.ndarray | None = None) -> dict[str, np.ndarray]:
    kernel = {"kernel": weight.transpose(2, 3, 1, 0)}  # OIHW to HWIO
    return kernel if bias is None else {**kernel, "bias": bias}
