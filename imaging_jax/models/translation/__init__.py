"""Networks that map images of one domain to another, and their discriminators."""

from imaging_jax.models.translation.cycle_gan import ResNetGenerator
from imaging_jax.models.translation.patch_gan import PatchDiscriminator
from imaging_jax.models.translation.pix2pix import UNetGenerator
from imaging_jax.models.translation.roles import Translator
from imaging_jax.models.translation.stgan import STGANGenerator, dates_as_channels

__all__ = [
    "PatchDiscriminator",
    "ResNetGenerator",
    "STGANGenerator",
    "Translator",
    "UNetGenerator",
    "dates_as_channels",
]
