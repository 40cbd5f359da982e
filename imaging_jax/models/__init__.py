"""Networks by name; a system's file is `models/<family>/<system>.py`."""

from imaging_jax.models.restoration import ARCNN
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
    "edsr": EDSR,
    "edsr_light": EDSRLight,
    "espcn": ESPCN,
    "fsrcnn": FSRCNN,
    "lgcnet": LGCNet,
    "pecnn": PECNN,
    "rdn": RDN,
    "srcnn": SRCNN,
    "srresnet": SRResNet,
    "vdsr": VDSR,
}

__all__ = ["MODELS"]
