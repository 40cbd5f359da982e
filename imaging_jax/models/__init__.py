"""Networks by name; a system's file is `models/<family>/<system>.py`."""

from imaging_jax.models.restoration import (
    ARCNN,
    IRCNN,
    DnCNN,
    DRUNet,
    FFDNet,
    SimpleCNN,
    UnrolledHQS,
)
from imaging_jax.models.super_resolution import (
    DDRN,
    EDSR,
    ESPCN,
    FSRCNN,
    PECNN,
    RDN,
    SRCNN,
    VDSR,
    EDSRLight,
    LGCNet,
    SRResNet,
)

MODELS = {
    "arcnn": ARCNN,
    "ddrn": DDRN,
    "dncnn": DnCNN,
    "drunet": DRUNet,
    "edsr": EDSR,
    "edsr_light": EDSRLight,
    "espcn": ESPCN,
    "ffdnet": FFDNet,
    "fsrcnn": FSRCNN,
    "ircnn": IRCNN,
    "lgcnet": LGCNet,
    "pecnn": PECNN,
    "rdn": RDN,
    "simple_cnn": SimpleCNN,
    "srcnn": SRCNN,
    "srresnet": SRResNet,
    "unrolled_hqs": UnrolledHQS,
    "vdsr": VDSR,
}

__all__ = ["MODELS"]
