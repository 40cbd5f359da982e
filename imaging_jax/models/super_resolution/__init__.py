"""Single-image super-resolution networks, one file a published system."""

from imaging_jax.models.super_resolution._self_ensemble import (
    dihedral,
    inverse_dihedral,
    self_ensemble,
)
from imaging_jax.models.super_resolution.ddrn import DDRN
from imaging_jax.models.super_resolution.edsr import EDSR
from imaging_jax.models.super_resolution.edsr_light import EDSRLight
from imaging_jax.models.super_resolution.espcn import ESPCN
from imaging_jax.models.super_resolution.fsrcnn import FSRCNN
from imaging_jax.models.super_resolution.lgcnet import LGCNet
from imaging_jax.models.super_resolution.pecnn import PECNN
from imaging_jax.models.super_resolution.rdn import RDN
from imaging_jax.models.super_resolution.srcnn import SRCNN
from imaging_jax.models.super_resolution.srgan import SRGANDiscriminator
from imaging_jax.models.super_resolution.srresnet import SRResNet
from imaging_jax.models.super_resolution.swinir import SwinIR
from imaging_jax.models.super_resolution.vdsr import VDSR
from imaging_jax.models.super_resolution.zssr import ZSSRNet

__all__ = [
    "DDRN",
    "EDSR",
    "ESPCN",
    "FSRCNN",
    "PECNN",
    "RDN",
    "SRCNN",
    "VDSR",
    "EDSRLight",
    "LGCNet",
    "SRGANDiscriminator",
    "SRResNet",
    "SwinIR",
    "ZSSRNet",
    "dihedral",
    "inverse_dihedral",
    "self_ensemble",
]
