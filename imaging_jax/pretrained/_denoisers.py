"""Weights that remove noise or the artefacts of files, by name."""

from collections.abc import Callable, Mapping
from typing import Any

from flax import linen as nn

from imaging_jax.models.hyperspectral import HSIDCNN
from imaging_jax.models.restoration import IRCNN, DnCNN, DRUNet, FFDNet, SimpleCNN
from imaging_jax.pretrained import _converters
from imaging_jax.pretrained._entry import Weights

_LIGHT = {"features": (16, 32, 64, 128), "blocks": 1, "residual": True}


def _drunet_light(channels: int, sha256: str) -> Weights:
    colour = {1: "gray", 3: "color"}[channels]
    return Weights(
        file=f"drunet_light_{colour}.safetensors",
        sha256=sha256,
        model=DRUNet,
        values={"channels": channels, **_LIGHT},
        serves=(),
        convert=_converters.own,
        source="configs/restoration/drunet.py; see docs/model_card.md",
        licence="Apache-2.0",
        packaged=True,
        task="denoising",
        levels=(0, 50),
    )


def _denoiser(
    name: str,
    sha256: str,
    model: type[nn.Module],
    values: Mapping[str, Any],
    sigma: int | None,
    convert: Callable,
    source: str,
    paper: str = "",
    licence: str = "none stated",
) -> Weights:
    return Weights(
        file=f"weights/{name}.npz",
        sha256=sha256,
        model=model,
        values=values,
        serves=(sigma,) if sigma else (),
        convert=convert,
        source=source,
        licence=licence,
        paper=paper,
        task="denoising",
        levels=None if sigma else (0, 75),
    )


DENOISERS: dict[str, Weights] = {
    "drunet_light_color": _drunet_light(
        3, "72ae762e42b76f8bed072baca9cbd36d81c5303881649599570977a9b126b04c"
    ),
    "drunet_light_gray": _drunet_light(
        1, "a4ada9e43956fe4501e808f77ab85ffb499f84c7bf85118747b2169f25896b6a"
    ),
    "drunet_light_jpeg": Weights(
        file="drunet_light_jpeg.safetensors",
        sha256="cc9b7d480b1c05857768c628d562849e85db241ace44399d3f52e08e2ef675ef",
        model=DRUNet,
        values={"channels": 1, "noise_map": False, **_LIGHT},
        serves=(1,),
        convert=_converters.own,
        source="configs/restoration/deblocking.py; see docs/model_card.md",
        licence="Apache-2.0",
        packaged=True,
    ),
    "hsid_cnn_sigma50": Weights(
        file="weights/hsidcnn_sigma50.npz",
        sha256="56ce8b839c88bac67fc029b8aeb542f0d0134b5108f63c415f5e92114b8e8bb1",
        model=HSIDCNN,
        values={},
        serves=(50,),
        convert=_converters.hsid_cnn_qzhang95,
        source=(
            "github.com/qzhang95/HSID-CNN, Model/HSID-CNN_noiselevel50.caffemodel at 9932431f92dc"
        ),
        licence="none stated",
        paper="hsid_cnn",
        task="cube_denoising",
        bands=24,
    ),
    "dncnn_s25_kair": _denoiser(
        "dncnn_s25_kair",
        "1b845f0323ef80ed229a71951de5ff32dc24abc11c22ec561a413291222347d2",
        DnCNN,
        {"batch_norm": False},
        25,
        _converters.dncnn_kair,
        "github.com/cszn/KAIR, model_zoo/dncnn_25.pth at fc1732f4a451",
        paper="dncnn",
        licence="MIT",
    ),
    "ffdnet_gray": _denoiser(
        "ffdnet_gray_official",
        "e971d1daf14ab47ef6f6aa42066b57bbc01360db06d479dd938922005213943e",
        FFDNet,
        {},
        None,
        _converters.ffdnet_official,
        "github.com/cszn/FFDNet, models/FFDNet_gray.mat at e787f46df2f3",
        paper="ffdnet",
    ),
    "ffdnet_color": _denoiser(
        "ffdnet_color_official",
        "225b01fd5f0335778e5f594c04a185b9578d9fb35d3d1bed10b684bfd029564d",
        FFDNet,
        {"channels": 3, "depth": 12, "features": 96},
        None,
        _converters.ffdnet_official,
        "github.com/cszn/FFDNet, models/FFDNet_color.mat at e787f46df2f3",
        paper="ffdnet",
    ),
    **{
        f"ircnn_gray_sigma{sigma}": _denoiser(
            f"ircnn_gray_sigma{sigma}",
            sha256,
            IRCNN,
            {},
            sigma,
            _converters.ircnn_zoo,
            "github.com/WolframRhodium/Super-Resolution-Zoo, "
            f"IRCNN/grayscale/model_sigma={range_}-0000.params at 041842f177ab",
            paper="ircnn",
        )
        for sigma, range_, sha256 in (
            (15, "16to18", "c774460d4cee4fcae2025c0617f7b93721d582c544bce7b2067470c46fdac873"),
            (25, "26to28", "17c165f2043f87823a687e8df71297c8bc9953f16b7e6fb36d123f670f807465"),
        )
    },
    "simple_cnn_sigma15": _denoiser(
        "pnp_simplecnn_noise15",
        "0f7863dd0149726aa6ab6c1829b980d6d0338511aaeccbc89672434172d50ae0",
        SimpleCNN,
        {},
        15,
        _converters.simple_cnn_ryu,
        "github.com/uclaopt/Provable_Plug_and_Play, Pretrained_models/SimpleCNN_noise15.pth at "
        "f316b85e64be",
    ),
    "realsn_simple_cnn_sigma15": _denoiser(
        "pnp_realsn_simplecnn_noise15",
        "5883c3d17736e0a90472a641c2457a6f595c93cc5441ee147f42f2e50bc8c75a",
        SimpleCNN,
        {"spectral_normalization": True},
        15,
        _converters.simple_cnn_ryu,
        "github.com/uclaopt/Provable_Plug_and_Play, Pretrained_models/RealSN_SimpleCNN_noise15.pth "
        "at f316b85e64be",
    ),
}
