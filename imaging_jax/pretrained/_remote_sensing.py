"""Weights of networks for satellite images of several frames."""

from flax import traverse_util

from imaging_jax.models.multi_frame import WDSR3D
from imaging_jax.pretrained._converters import Arrays
from imaging_jax.pretrained._entry import Weights


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
}
