"""Weights of networks for satellite images: several frames, and changes."""

import numpy as np
from flax import traverse_util

from imaging_jax.models.change_detection import RaVAEn
from imaging_jax.models.multi_frame import WDSR3D
from imaging_jax.pretrained._converters import (
    Arrays,
    torch_batch_norm,
    torch_convolution,
    torch_dense,
)
from imaging_jax.pretrained._entry import Weights

# Of batch norms, in which a variance of one less it divides by one.
_EPSILON = 1e-5
TEN_BANDS = ("B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B11", "B12")


def _wdsr3d_frandorr(arrays: Arrays) -> dict:
    """Maps Keras ``model/layer_with_weights-{i}``, numbered as they were built, to WDSR3D.

    Kernels of volumes are (height, width, frames, in, out) there.
    """
    count = sum("/v/" in name for name in arrays)
    names = ["head"]
    for block in range(1, (count - 6) // 3 + 1):
        names += [f"block{block}/{layer}" for layer in ("expand", "narrow", "conv")]
    names += ["reducer1", "reducer2", "skip1", "tail", "skip2"]
    params = {}
    for index, name in enumerate(names):
        v, g, bias = (
            arrays[f"model/layer_with_weights-{index}/{leaf}/.ATTRIBUTES/VARIABLE_VALUE"]
            for leaf in ("v", "g", "layer/bias")
        )
        v = v[None] if v.ndim == 4 else v.transpose(2, 0, 1, 3, 4)
        for leaf, array in (("v", v), ("g", g), ("bias", bias)):
            params[(*name.split("/"), leaf)] = array
    return {"params": traverse_util.unflatten_dict(params)}


def _ravaen_unibap(arrays: Arrays) -> dict:
    """Maps Torch ``encoder.{i}.conv.{0,1}``, ``fc_mu`` and ``fc_var`` to RaVAEn's encoder."""
    params, statistics = {}, {}
    for index in range(sum(name.endswith("running_mean") for name in arrays)):
        layer = f"encoder.{index}.conv"
        params[f"conv{index + 1}"] = torch_convolution(arrays, f"{layer}.0")
        norm, running = torch_batch_norm(arrays, f"{layer}.1")
        params[f"norm{index + 1}"], statistics[f"norm{index + 1}"] = norm, running
    for ours, theirs in (("mean", "fc_mu"), ("log_variance", "fc_var")):
        params[ours] = torch_dense(arrays, theirs)
    return {"params": {"encoder": params}, "batch_stats": {"encoder": statistics}}


def _ravaen_fpga(arrays: Arrays) -> dict:
    """Maps ``k{1,2,3}``, ``off``, ``co``, ``be``, ``W`` and ``b`` to RaVAEn's encoder.

    A norm is an offset, a factor and an offset there: here a bias, and a norm of statistics that
    change nothing.
    """
    params, statistics, first = {}, {}, 0
    for index in (1, 2, 3):
        kernel = arrays[f"k{index}"].transpose(2, 3, 1, 0)
        width = kernel.shape[-1]
        offset, factor, beta = (arrays[name][first : first + width] for name in ("off", "co", "be"))
        params[f"conv{index}"] = {"kernel": kernel, "bias": offset}
        params[f"norm{index}"] = {"scale": factor, "bias": beta}
        variance = np.full(width, 1 - _EPSILON, np.float32)
        statistics[f"norm{index}"] = {"mean": np.zeros(width, np.float32), "var": variance}
        first += width
    params["mean"] = {"kernel": arrays["W"].T, "bias": arrays["b"]}
    return {"params": {"encoder": params}, "batch_stats": {"encoder": statistics}}


REMOTE_SENSING: dict[str, Weights] = {
    "wdsr3d_nir": Weights(
        file="weights/wdsr3d_nir.npz",
        sha256="e5b77109c4f6e478b4d69265a8e11ccbc1551ebcbc0227797b36faab884e4e85",
        model=WDSR3D,
        values={},
        serves=(),
        convert=_wdsr3d_frandorr,
        source=(
            "github.com/frandorr/PROBA-V-3DWDSR, ckpt/wdsr-32-8-6-7-nir-all/ckpt-156 at "
            "d1de7b764fdee29545561495a90656b37feee056"
        ),
        licence="cumulative, see the repository",
        paper="wdsr3d",
        task="multi_frame_super_resolution",
    ),
    "ravaen_untrained": Weights(
        file="weights/ravaen_encoder_model.npz",
        sha256="11d92c5adff3e8c885d17579e2805d1ef95e5cb95a936db3ad4a38784fb17ae3",
        model=RaVAEn,
        values={"decodes": False},
        serves=(),
        convert=_ravaen_unibap,
        source=(
            "github.com/previtus/RaVAEn-unibap-dorbit, weights_openvino/encoder_model.pth at "
            "2926028733a19abf5d59e9101110515174b5ede7: as it was initialised"
        ),
        licence="none stated",
        task="change_detection",
    ),
    "ravaen_small_10": Weights(
        file="weights/ravaen_trained_mu_encoder_10bands.npz",
        sha256="7bac473de26add21aaf56862aca6d4a59168b76e2d1dad5f331fed8a02d937cf",
        model=RaVAEn,
        values={"bands": TEN_BANDS, "spreads": False, "decodes": False},
        serves=(),
        convert=_ravaen_fpga,
        source=(
            "github.com/HongdaZhou-cloud/Accelerating-RaVAEn-for-Real-time-Satellite-Image-Change-"
            "Detection, FPGA/PL/HLS/data.hpp at 16442ce5feb8349828313eba3304e6ef112e9f1e"
        ),
        licence="none stated",
        paper="ravaen",
        task="change_detection",
    ),
}
