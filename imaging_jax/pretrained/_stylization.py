"""Weights that compare features, make images of them, or give images a style, by name."""

from imaging_jax.models.features import DistilledVGG19
from imaging_jax.models.stylization import DistilledVGG19Decoder, FastStyleTransfer
from imaging_jax.pretrained import _converters
from imaging_jax.pretrained._entry import Weights

STYLIZATION: dict[str, Weights] = {
    **{
        f"distilled_vgg19_{level}": Weights(
            file=f"weights/wct_se16x_encoder{level}.npz",
            sha256=sha256,
            model=DistilledVGG19,
            values={"level": level},
            serves=(),
            convert=_converters.distilled_vgg19,
            source=(
                "github.com/MingSun-Tse/Collaborative-Distillation, "
                f"trained_models/wct_se_16x_new/20191110-{file}_E20.pth at 4a269dc90020"
            ),
            licence="MIT",
            task="features",
        )
        for level, file, sha256 in (
            (1, "133713", "d104b6f5d3d17920d6f240abb09952c42f1f8f756effd44132af833df4e090a7"),
            (2, "132713", "890f1811932466b47e5bcb2d524857f51c4d3b70a57b028bdd11b6cf3ba67c2e"),
            (3, "132705", "7e206165e68e8fcb3ae5abc0df69ca8ba1233f117fe428b9adfa817193104249"),
            (4, "132643", "b4ec5f6a671ae8dcec112ad366f75b7ec35c520713c3f179b6be88c2dfa7da72"),
        )
    },
    **{
        f"distilled_vgg19_decoder_{level}": Weights(
            file=f"weights/wct_sd16x_decoder{level}.npz",
            sha256=sha256,
            model=DistilledVGG19Decoder,
            values={"level": level},
            serves=(),
            convert=_converters.distilled_vgg19_decoder,
            source=(
                "github.com/MingSun-Tse/Collaborative-Distillation, "
                f"trained_models/wct_se_16x_new_sd/20191111-{file}_E20.pth at 4a269dc90020"
            ),
            licence="MIT",
            task="decoding",
        )
        for level, file, sha256 in (
            (1, "091942", "37f89d61785b7edbf5629e99576dc130e8c8b931a0c62df6259c374e2e9fb5d3"),
            (2, "091932", "9170b2d2a12f12a77263e98e552787ba4b05f8cfd49b03bcafe42e5578862672"),
            (3, "091929", "e378aa6d63b8a480b9e82c2f824e8c125e487585a03ae9d6bc858c7a58f8d274"),
            (4, "092553", "cf6aaeecc03d9905dfafc04bc9749a0cc3c1ddd36434efbe0946216bf5557c62"),
        )
    },
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
