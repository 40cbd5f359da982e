"""Weights by name."""

from imaging_jax.models.features import LeNet5
from imaging_jax.models.generative import VAE
from imaging_jax.models.restoration import SPANet
from imaging_jax.models.super_resolution import (
    EDSR,
    ESPCN,
    FSRCNN,
    PECNN,
    SRCNN,
    VDSR,
    EDSRLight,
    SRResNet,
)
from imaging_jax.pretrained import _converters
from imaging_jax.pretrained._denoisers import DENOISERS
from imaging_jax.pretrained._entry import Weights
from imaging_jax.pretrained._remote_sensing import REMOTE_SENSING
from imaging_jax.pretrained._stylization import STYLIZATION


def _edsr_light(scale: int, sha256: str) -> Weights:
    return Weights(
        file=f"edsr_light_x{scale}.safetensors",
        sha256=sha256,
        model=EDSRLight,
        values={"scale": scale, "blocks": 8},
        serves=(scale,),
        convert=_converters.own,
        source="configs/super_resolution/edsr_light.py; see docs/model_card.md",
        licence="Apache-2.0",
        packaged=True,
    )


WEIGHTS: dict[str, Weights] = {
    **DENOISERS,
    **REMOTE_SENSING,
    "vae_mnist_csinva": Weights(
        file="weights/mnist_vae_csinva.npz",
        sha256="bdc2f20660654f70ae08d5133ee221305a73e2969e8b06cc053fc6dcb23b56c2",
        model=VAE,
        values={},
        serves=(),
        convert=_converters.vae_csinva,
        source=(
            "github.com/csinva/gan-vae-pretrained-pytorch, "
            "mnist_vae/weights/vae_epoch_25.pth at 9b6401e122fa"
        ),
        licence="none stated",
        task="variational",
        side=28,
    ),
    "lenet5_mnist_csinva": Weights(
        file="weights/mnist_classifier_csinva.npz",
        sha256="5129599525573c2826fadae820c258556e29662b2744569c715b9fa49695480c",
        model=LeNet5,
        values={},
        serves=(),
        convert=_converters.lenet5_csinva,
        source=(
            "github.com/csinva/gan-vae-pretrained-pytorch, "
            "mnist_classifier/weights/lenet_epoch=12_test_acc=0.991.pth at 9b6401e122fa"
        ),
        licence="none stated",
        task="classification",
        side=28,
    ),
    **STYLIZATION,
    "edsr_light_x2": _edsr_light(
        2, "132b7e81fafde037a13dec5da50da7f679e6f9de0f8609eb8686a3d08db05819"
    ),
    "edsr_light_x3": _edsr_light(
        3, "00b6b14bea9cfef425a79b9853e1f173781053d41d247a51a011b69c10487f66"
    ),
    "edsr_light_x4": _edsr_light(
        4, "957e3f4c2551aefe27d577a1c63af3b7f71c15877b785bf4d60ef1c0fd116a78"
    ),
    "srcnn_chxy95_x3": Weights(
        file="weights/srcnn_chxy95_x3.npz",
        sha256="2305e73917df6ba528d20e93e57472257d9169464f9184d9a86039031df43f99",
        model=SRCNN,
        values={"padding": "edge"},
        serves=(3,),
        convert=_converters.srcnn_chxy95,
        source="github.com/chxy95/SRCNN, model/weights.pkl at b2d43e3d605b",
        licence="MIT",
        paper="srcnn 9-1-5",
    ),
    "vdsr_twtygqyy": Weights(
        file="weights/vdsr_twtygqyy.npz",
        sha256="4ba297685673621a7ad29f5cf31195bc233c1082c1095d91554da443987bda04",
        model=VDSR,
        values={"use_bias": False},
        serves=(2, 3, 4),
        convert=_converters.vdsr_twtygqyy,
        source="github.com/twtygqyy/pytorch-vdsr, model/model_epoch_50.pth at 514b02104401",
        licence="MIT",
        paper="vdsr",
    ),
    "edsr8_krasserm_x2": Weights(
        file="weights/edsr8_krasserm_x2.npz",
        sha256="54e690c6a183268501eb19967981e15a71e0f1d590ca7d7ef014a9a7d04b0164",
        model=EDSR,
        values={"scale": 2, "blocks": 8, "value_range": 2.0},
        serves=(2,),
        convert=_converters.edsr_krasserm,
        source=(
            "github.com/WolframRhodium/Super-Resolution-Zoo, "
            "WDSR/wdsr@krasserm/EDSR-8-x2-0000.params at 041842f177ab"
        ),
        licence="none stated",
    ),
    **{
        f"fsrcnn_saafke_x{scale}": Weights(
            file=f"weights/fsrcnn_saafke_x{scale}.npz",
            sha256=sha256,
            model=FSRCNN,
            values={"scale": scale, "upsampling": "sub_pixel"},
            serves=(scale,),
            convert=_converters.fsrcnn_saafke,
            source=(
                f"github.com/Saafke/FSRCNN_Tensorflow, models/FSRCNN_x{scale}.pb at 6a4812c4ef1c"
            ),
            licence="Apache-2.0",
        )
        for scale, sha256 in {
            2: "d54a1ad2a82d862e6a935ab5d5f7ca17fcfb1b444f7a0e52ebe0e16449cd34e2",
            3: "2fa4dc3a2d7f140f9079be4f374c07aab0be036778a5465c5cc2009666142901",
            4: "42b935e26ad9ed78eefa088ba7b7bd498de6362ca3392067ade4a249d84d42dd",
        }.items()
    },
    **{
        f"fsrcnn_small_saafke_x{scale}": Weights(
            file=f"weights/fsrcnn-small_saafke_x{scale}.npz",
            sha256=sha256,
            model=FSRCNN,
            values={"scale": scale, "d": 32, "s": 5, "m": 1, "upsampling": "sub_pixel"},
            serves=(scale,),
            convert=_converters.fsrcnn_saafke,
            source=(
                "github.com/Saafke/FSRCNN_Tensorflow, "
                f"models/FSRCNN-small_x{scale}.pb at 6a4812c4ef1c"
            ),
            licence="Apache-2.0",
        )
        for scale, sha256 in {
            2: "c8479841d11890dcf251c2a72f727403c760cbcc317f14c5089c63df45346e97",
            3: "a273b68583e85a6526c45aa9469ef85f13fae98ebadfde4c6237f206b9763ad0",
            4: "95399a152be2f0749a477806e024a26a27bfa7093c4e9b9f255a0f8bfaf3a365",
        }.items()
    },
    **{
        f"espcn_fannymonori_x{scale}": Weights(
            file=f"weights/espcn_fannymonori_x{scale}.npz",
            sha256=sha256,
            model=ESPCN,
            values={"scale": scale, "activation": "relu", "output_activation": "tanh"},
            serves=(scale,),
            convert=_converters.espcn_fannymonori,
            source=f"github.com/fannymonori/TF-ESPCN, export/ESPCN_x{scale}.pb at 5c628eca8202",
            licence="Apache-2.0",
        )
        for scale, sha256 in {
            2: "985da24c558c664c236f151f045c6837d62829563ef19214bb8defedcad1a6db",
            3: "70e3cb08a59ca35647e020b6b066487dff9e8dfacd251f31be15ada7dd5954fa",
            4: "94369651287447fcfc69a3eb2addfb5e7f3f393dcb28303b540df60f19989181",
        }.items()
    },
    "srgan_leftthomas_x4": Weights(
        file="weights/srgan_leftthomas_x4.npz",
        sha256="cdd9a3f759bd6e49316abf5fb68a5aec953d10766373505560653c8c98c53f1f",
        model=SRResNet,
        values={"scale": 4, "blocks": 5, "shared_slopes": True, "body_end": "prelu"},
        serves=(4,),
        convert=_converters.srgan_leftthomas,
        source="github.com/leftthomas/SRGAN, epochs/netG_epoch_4_100.pth, before 7ddfdf27273c",
        licence="MIT",
    ),
    **{
        f"spagan_rice{part}": Weights(
            file=f"weights/spagan_generator_rice{part}.npz",
            sha256=sha256,
            model=SPANet,
            values={},
            serves=(1,),
            convert=_converters.spagan_penn000,
            source=(
                "github.com/Penn000/SpA-GAN_for_cloud_removal, "
                f"pretrained_models/RICE{part}/gen_model_epoch_200.pth at 63f986682cbc"
            ),
            licence="MIT",
            paper="spa_gan",
        )
        for part, sha256 in {
            1: "bf3ef7f551cbae511d3ad944216e0f17b85eb8777ea86fa43336ef74f0106ed5",
            2: "9c4aa7a5121f46c9a1f90bc84623dfc2ac6a898b76004ad403993d89bb9f6eda",
        }.items()
    },
    "pecnn_kuijiang94_x3": Weights(
        file="weights/pecnn_kuijiang94_x3.npz",
        sha256="b51e430c2a3feda92f252263b1e05a26105fc95aeac92e144cedb03df58ab5a6",
        model=PECNN,
        values={"scale": 3},
        serves=(3,),
        convert=_converters.pecnn_kuijiang94,
        source=(
            "github.com/kuijiang94/PECNN, "
            "checkpoint/PECNN_x3/checkpoints/videoSR.model-latest at d2bc20f2c18f"
        ),
        licence="MIT",
        paper="pecnn",
    ),
}
