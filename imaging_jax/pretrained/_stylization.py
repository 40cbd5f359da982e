"""Weights that compare features, make images of them, or give images a style, by name."""

from typing import Any

from imaging_jax.models.features import DistilledVGG19
from imaging_jax.models.stylization import DistilledVGG19Decoder, FastStyleTransfer
from imaging_jax.pretrained import _converters
from imaging_jax.pretrained._entry import Weights

_ENCODERS = (
    ("133713", "d104b6f5d3d17920d6f240abb09952c42f1f8f756effd44132af833df4e090a7"),
    ("132713", "890f1811932466b47e5bcb2d524857f51c4d3b70a57b028bdd11b6cf3ba67c2e"),
    ("132705", "7e206165e68e8fcb3ae5abc0df69ca8ba1233f117fe428b9adfa817193104249"),
    ("132643", "b4ec5f6a671ae8dcec112ad366f75b7ec35c520713c3f179b6be88c2dfa7da72"),
)
_DECODERS = (
    ("091942", "37f89d61785b7edbf5629e99576dc130e8c8b931a0c62df6259c374e2e9fb5d3"),
    ("091932", "9170b2d2a12f12a77263e98e552787ba4b05f8cfd49b03bcafe42e5578862672"),
    ("091929", "e378aa6d63b8a480b9e82c2f824e8c125e487585a03ae9d6bc858c7a58f8d274"),
    ("092553", "cf6aaeecc03d9905dfafc04bc9749a0cc3c1ddd36434efbe0946216bf5557c62"),
)


def _by_level(name: str, file: str, source: str, files: tuple, **values: Any) -> dict[str, Weights]:
    """Weights of Collaborative Distillation, of levels 1 to 4: time of the file, and digest."""
    return {
        f"{name}_{level}": Weights(
            file=f"weights/{file}{level}.npz",
            sha256=sha256,
            values={"level": level},
            serves=(),
            source=(
                "github.com/MingSun-Tse/Collaborative-Distillation, "
                f"trained_models/{source}-{time}_E20.pth at 4a269dc90020"
            ),
            licence="MIT",
            **values,
        )
        for level, (time, sha256) in enumerate(files, start=1)
    }


STYLIZATION: dict[str, Weights] = {
    **_by_level(
        "distilled_vgg19",
        "wct_se16x_encoder",
        "wct_se_16x_new/20191110",
        _ENCODERS,
        model=DistilledVGG19,
        convert=_converters.distilled_vgg19,
        task="features",
    ),
    **_by_level(
        "distilled_vgg19_decoder",
        "wct_sd16x_decoder",
        "wct_se_16x_new_sd/20191111",
        _DECODERS,
        model=DistilledVGG19Decoder,
        convert=_converters.distilled_vgg19_decoder,
        task="decoding",
    ),
    "fast_style_wave": Weights(
        file="weights/fast_style_wave.npz",
        sha256="75a35ffc3be49d1a0c3ec7c8f5dda414d2968e4d4880a1a6257727f60933c049",
        model=FastStyleTransfer,
        values={},
        serves=(1,),
        convert=_converters.fast_style_lengstrom,
        source=(
            "github.com/reiinakano/fast-style-transfer-deeplearnjs, src/ckpts/wave at bd3a0486e4ed"
        ),
        licence="MIT",
        task="stylization",
    ),
}
