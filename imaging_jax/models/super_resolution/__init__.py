"""Single-image super-resolution networks, one file a published system."""

from imaging_jax.models.super_resolution.edsr import EDSR
from imaging_jax.models.super_resolution.edsr_light import EDSRLight
from imaging_jax.models.super_resolution.srcnn import SRCNN
from imaging_jax.models.super_resolution.vdsr import VDSR

__all__ = ["EDSR", "SRCNN", "VDSR", "EDSRLight"]
