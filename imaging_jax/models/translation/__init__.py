"""Networks that map images of one domain to another, and their discriminators."""

from imaging_jax.models.translation.cycle_gan import ResNetGenerator
from imaging_jax.models.translation.patch_gan import PatchDiscriminator
from imaging_jax.models.translation.pix2pix import UNetGenerator

__all__ = ["PatchDiscriminator", "ResNetGenerator", "UNetGenerator"]
