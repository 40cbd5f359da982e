from collections.abc import Mapping
from functools import partial

import numpy as np
from flax import traverse_util

Arrays = Mapping[str, np.ndarray]


def own(arrays: Arrays) -> dict:
    """Maps the names that `save` writes to the tree they came from."""
    return traverse_util.unflatten_dict(dict(arrays), sep="/")


def srcnn_chxy95(arrays: Arrays) -> dict:
    """Maps Torch ``conv{1,2,3}.{weight,bias}`` to the variables of SRCNN."""
    layers = ("conv1", "conv2", "conv3")
    return {"params": {layer: torch_convolution(arrays, layer) for layer in layers}}


def vdsr_twtygqyy(arrays: Arrays) -> dict:
    """Maps Torch ``model.{input,residual_layer.i.conv,output}.weight`` to those of VDSR."""
    hidden = [f"residual_layer.{index}.conv" for index in range(len(arrays) - 2)]
    layers = ["input", *hidden, "output"]
    params = {
        f"conv{index + 1}": torch_convolution(arrays, f"model.{layer}")
        for index, layer in enumerate(layers)
    }
    return {"params": params}


def edsr_krasserm(arrays: Arrays) -> dict:
    """Maps MXNet ``convolution{i}_{weight,bias}``, numbered in order, to EDSR at one stage.

    The order is head, two to every block, body, upsampler, tail. The mean is a constant of the
    model and is not converted.
    """
    count = sum(name.endswith("_bias") for name in arrays)
    convolutions = [
        {
            "kernel": _hwio(arrays[f"convolution{index}_weight"]),
            "bias": arrays[f"convolution{index}_bias"],
        }
        for index in range(count)
    ]
    head, *blocks, body, upsampler, tail = convolutions
    pairs = zip(blocks[::2], blocks[1::2], strict=True)
    params = {
        "head": head,
        **{
            f"block{index + 1}": {"conv1": first, "conv2": second}
            for index, (first, second) in enumerate(pairs)
        },
        "body": body,
        "upsampler": {"conv1": upsampler},
        "tail": tail,
    }
    return {"params": params}


def fsrcnn_saafke(arrays: Arrays) -> dict:
    """Maps TensorFlow ``{f,b,alpha}{i}``, numbered in order, to FSRCNN with "sub_pixel".

    ``f`` are kernels and ``alpha`` slopes; the last layer has none. The ``mul_*`` scalars are the
    constant 1/2 in the graph's formula of PReLU and are not converted.
    """
    count = sum(name.startswith("alpha") for name in arrays)
    mapping = [f"mapping{index + 1}" for index in range(count - 3)]
    params = {"sub_pixel": {"kernel": arrays[f"f{count + 1}"]}, "bias": arrays[f"b{count + 1}"]}
    for index, layer in enumerate(["feature_extraction", "shrinking", *mapping, "expanding"]):
        params[layer] = {"kernel": arrays[f"f{index + 1}"], "bias": arrays[f"b{index + 1}"]}
        params[f"{layer}_prelu"] = {"slope": arrays[f"alpha{index + 1}"]}
    return {"params": params}


def espcn_fannymonori(arrays: Arrays) -> dict:
    """Maps TensorFlow ``{f,b}{1,2,3}``, kernels and biases, to ESPCN."""
    params = {
        f"conv{number}": {"kernel": arrays[f"f{number}"], "bias": arrays[f"b{number}"]}
        for number in (1, 2, 3)
    }
    return {"params": params}


def srgan_leftthomas(arrays: Arrays) -> dict:
    """Maps Torch ``block{i}``, numbered from head to upsampler and tail, to SRResNet.

    The upsampler's output channels are put from Torch's shuffle order into `depth_to_space`'s.
    """
    count = sum(name.endswith(".bn1.weight") for name in arrays)
    head, *blocks, body, end = (f"block{index + 1}" for index in range(count + 3))
    stages = sum(name.startswith(end) and name.endswith(".prelu.weight") for name in arrays)
    params = {
        "head": torch_convolution(arrays, f"{head}.0"),
        "head_prelu": _torch_slope(arrays, f"{head}.1"),
        "body": torch_convolution(arrays, f"{body}.0"),
        "body_prelu": _torch_slope(arrays, f"{body}.1"),
        "tail": torch_convolution(arrays, f"{end}.{stages}"),
    }
    for index in range(stages):
        convolution = torch_convolution(arrays, f"{end}.{index}.conv")
        params[f"up{index + 1}"] = {
            name: _depth_to_space_order(array) for name, array in convolution.items()
        }
        params[f"up{index + 1}_prelu"] = _torch_slope(arrays, f"{end}.{index}.prelu")
    statistics = {}
    for index, block in enumerate(blocks):
        norm1, statistics1 = torch_batch_norm(arrays, f"{block}.bn1")
        norm2, statistics2 = torch_batch_norm(arrays, f"{block}.bn2")
        params[f"block{index + 1}"] = {
            "conv1": torch_convolution(arrays, f"{block}.conv1"),
            "norm1": norm1,
            "prelu": _torch_slope(arrays, f"{block}.prelu"),
            "conv2": torch_convolution(arrays, f"{block}.conv2"),
            "norm2": norm2,
        }
        statistics[f"block{index + 1}"] = {"norm1": statistics1, "norm2": statistics2}
    return {"params": params, "batch_stats": statistics}


def pecnn_kuijiang94(arrays: Arrays) -> dict:
    """Maps TensorFlow ``srmodel/conv*/{weights,biases}`` to PECNN."""
    layers = {"head1": "conv0", "head2": "conv1", "head3": "conv2", "fuse": "conv3"}
    layers["tail"] = "conv10"
    for block in range(3):
        for index in range(3):
            layers[f"block{block + 1}_conv{index + 1}"] = f"srmodel_block/conv{index}_0_{block}"
    params = {
        layer: {
            "kernel": arrays[f"srmodel/{theirs}/weights"],
            "bias": arrays[f"srmodel/{theirs}/biases"],
        }
        for layer, theirs in layers.items()
    }
    return {"params": params}


def spagan_penn000(arrays: Arrays) -> dict:
    """Maps Torch ``gen.gen.{conv_in.0,res_block*,SAM1,conv_out.0}``, of BGR, to SPANet, of RGB.

    ``SAM1.conv_in`` and ``SAM1.attention_layer``, which never reach the output of the published
    code, are not converted.
    """
    convolution = partial(torch_convolution, arrays)
    head, tail = (convolution(f"gen.gen.{layer}.0") for layer in ("conv_in", "conv_out"))
    attention = {f"conv{i}": convolution(f"gen.gen.SAM1.conv{i}") for i in (1, 2, 3)}
    attention["conv4"] = convolution("gen.gen.SAM1.conv_out")
    for i in (1, 2):
        layers = [f"gen.gen.SAM1.irnn{i}.{d}_weight" for d in ("up", "right", "down", "left")]
        attention[f"round{i}"] = {
            "weights": np.stack([arrays[f"{layer}.weight"].reshape(-1) for layer in layers]),
            "biases": np.stack([arrays[f"{layer}.bias"] for layer in layers]),
        }
    params = {
        "head": {"kernel": head["kernel"][:, :, ::-1]},
        "attention": attention,
        "tail": {"kernel": tail["kernel"][..., ::-1]},
    }
    for index in range(1, 18):
        block = f"gen.gen.res_block{index}.group1"
        params[f"block{index}"] = {f"conv{i}": convolution(f"{block}.conv{i}") for i in (1, 2, 3)}
    return {"params": params}


def dncnn_kair(arrays: Arrays) -> dict:
    """Maps Torch ``model.{0,2,4,...}`` to DnCNN whose batch norms are merged."""
    return {"params": _torch_sequence(arrays, "model")}


def simple_cnn_ryu(arrays: Arrays) -> dict:
    """Maps Torch ``dncnn.{0,2,4,6}.weight`` to SimpleCNN.

    Of RealSN's three arrays a layer, ``weight_orig`` is the kernel and ``weight`` what it becomes
    after the division by its norm.
    """
    if "dncnn.0.weight_orig" not in arrays:
        return {"params": _torch_sequence(arrays, "dncnn")}
    params, spectral = {}, {}
    for index in range(len(arrays) // 3):
        original, divided = (arrays[f"dncnn.{2 * index}.{n}"] for n in ("weight_orig", "weight"))
        params[f"conv{index + 1}"] = {"kernel": _hwio(original)}
        spectral[f"conv{index + 1}"] = {
            "u": np.transpose(arrays[f"dncnn.{2 * index}.weight_u"], (0, 2, 3, 1)),
            "sigma": np.vdot(original, divided) / np.vdot(divided, divided),
        }
    return {"params": params, "spectral": spectral}


def ircnn_zoo(arrays: Arrays) -> dict:
    """Maps MXNet ``convolution{i}_{weight,bias}``, numbered upwards from any i, to IRCNN."""
    numbers = sorted(
        int(name.removeprefix("convolution").removesuffix("_weight"))
        for name in arrays
        if name.endswith("_weight")
    )
    params = {
        f"conv{index + 1}": {
            "kernel": _hwio(arrays[f"convolution{number}_weight"]),
            "bias": arrays[f"convolution{number}_bias"],
        }
        for index, number in enumerate(numbers)
    }
    return {"params": params}


def ffdnet_official(arrays: Arrays) -> dict:
    """Maps MatConvNet ``layers.*.conv.weights.{0,1}``, in order, to FFDNet.

    Sub-images are put from colour-major order, columns first, into that of `space_to_depth`.
    """
    layers = sorted(name[: -len(".0")] for name in arrays if name.endswith(".conv.weights.0"))
    params = {
        f"conv{index + 1}": {
            "kernel": arrays[f"{layer}.0"],
            "bias": arrays[f"{layer}.1"].reshape(-1),
        }
        for index, layer in enumerate(layers)
    }
    last = params[f"conv{len(layers)}"]
    channels = last["bias"].size // 4
    # Ours: row, column, colour. Theirs: colour, column, row.
    order = np.arange(4 * channels).reshape(channels, 2, 2).transpose(2, 1, 0).reshape(-1)
    first = params["conv1"]["kernel"]
    params["conv1"]["kernel"] = np.concatenate([first[:, :, order], first[:, :, -1:]], axis=2)
    last.update({"kernel": last["kernel"][..., order], "bias": last["bias"][order]})
    return {"params": params}


def hsid_cnn_qzhang95(arrays: Arrays) -> dict:
    """Maps Caffe ``{feature3,feature3_2,…,conv1,…,feature_conv3,…}/{0,1}`` to HSIDCNN."""
    layers = {f"conv{index}": f"conv{index}" for index in range(1, 11)}
    for size in (3, 5, 7):
        layers[f"neighbours_conv{size}"] = f"feature{size}"
        layers[f"band_conv{size}"] = f"feature{size}_2"
    layers |= {f"tap{index}": f"feature_conv{index}" for index in (3, 5, 7, 9)}
    network = {
        layer: {"kernel": _hwio(arrays[f"{theirs}/0"]), "bias": arrays[f"{theirs}/1"]}
        for layer, theirs in layers.items()
    }
    return {"params": {"network": network}}


def lenet5_csinva(arrays: Arrays) -> dict:
    """Maps Torch ``convnet.{c1,c3,c5}`` and ``fc.{f6,f7}`` to LeNet5."""
    params = {name: torch_convolution(arrays, f"convnet.{name}") for name in ("c1", "c3", "c5")}
    return {"params": params | {name: torch_dense(arrays, f"fc.{name}") for name in ("f6", "f7")}}


def distilled_vgg19(arrays: Arrays) -> dict:
    """Maps Torch ``model.conv0`` and ``model.conv{block}{index}`` to DistilledVGG19.

    Layers ``conv{…}_aux``, which mix channels to those of VGG-19, are passed over.
    """
    layers = {name.split(".")[1] for name in arrays} - {"conv0"}
    params = {"levels": torch_convolution(arrays, "model.conv0")}
    for layer in layers:
        if not layer.endswith("_aux"):
            block, index = layer.removeprefix("conv")
            params[f"conv{block}_{index}"] = torch_convolution(arrays, f"model.{layer}")
    return {"params": params}


def distilled_vgg19_decoder(arrays: Arrays) -> dict:
    """Maps Torch ``model.conv{block}{index}`` to DistilledVGG19Decoder."""
    layers = {name.split(".")[1] for name in arrays}
    return {
        "params": {
            "conv{}_{}".format(*layer.removeprefix("conv")): torch_convolution(
                arrays, f"model.{layer}"
            )
            for layer in layers
        }
    }


def fast_style_lengstrom(arrays: Arrays) -> dict:
    """Maps TensorFlow ``Variable{,_1,…}``, kernel, shift and scale in turns, to FastStyleTransfer.

    Transposed convolutions are stored as the convolutions that they are the adjoints of.
    """
    blocks = [f"block{i}_conv{j}" for i in range(1, 6) for j in (1, 2)]
    layers = ["conv1", "down1", "down2", *blocks, "up2", "up1", "conv2"]
    names = [f"Variable_{index}" if index else "Variable" for index in range(3 * len(layers))]
    params = {}
    for index, layer in enumerate(layers):
        kernel, bias, scale = (arrays[name] for name in names[3 * index : 3 * index + 3])
        transposed = layer.startswith("up")
        params[layer] = {"kernel": kernel.transpose(0, 1, 3, 2) if transposed else kernel}
        params[f"{layer}_norm"] = {"bias": bias, "scale": scale}
    return {"params": params}


def vae_csinva(arrays: Arrays) -> dict:
    """Maps Torch ``fc{1,21,22,3,4}`` to VAE."""
    layers = {"encoder": "fc1", "mean": "fc21", "log_variance": "fc22"}
    layers |= {"decoder": "fc3", "output": "fc4"}
    return {"params": {layer: torch_dense(arrays, theirs) for layer, theirs in layers.items()}}


def _torch_sequence(arrays: Arrays, prefix: str) -> dict:
    layers = sorted({int(name.split(".")[1]) for name in arrays if name.startswith(f"{prefix}.")})
    return {
        f"conv{index + 1}": torch_convolution(arrays, f"{prefix}.{layer}")
        for index, layer in enumerate(layers)
    }


def torch_convolution(arrays: Arrays, layer: str) -> dict[str, np.ndarray]:
    kernel = {"kernel": _hwio(arrays[f"{layer}.weight"])}
    return {**kernel, "bias": arrays[f"{layer}.bias"]} if f"{layer}.bias" in arrays else kernel


def torch_dense(arrays: Arrays, layer: str) -> dict[str, np.ndarray]:
    return {"kernel": arrays[f"{layer}.weight"].T, "bias": arrays[f"{layer}.bias"]}


def _torch_slope(arrays: Arrays, layer: str) -> dict[str, np.ndarray]:
    return {"slope": arrays[f"{layer}.weight"].reshape(())}


def torch_batch_norm(arrays: Arrays, layer: str) -> tuple[dict, dict]:
    """Its parameters and its running statistics."""
    params = {"scale": arrays[f"{layer}.weight"], "bias": arrays[f"{layer}.bias"]}
    mean, variance = arrays[f"{layer}.running_mean"], arrays[f"{layer}.running_var"]
    return params, {"mean": mean, "var": variance}


def _hwio(weight: np.ndarray) -> np.ndarray:
    return weight.transpose(2, 3, 1, 0)  # from OIHW


def _depth_to_space_order(array: np.ndarray, scale: int = 2) -> np.ndarray:
    """Reorders the last axis from Torch's (c, dy, dx) to (dy, dx, c)."""
    split = array.reshape(*array.shape[:-1], -1, scale, scale)
    return np.moveaxis(split, -3, -1).reshape(array.shape)
