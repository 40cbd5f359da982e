"""Networks that say what each pixel is."""

from imaging_jax.models.segmentation.pspnet import PSPNet
from imaging_jax.models.segmentation.roles import Segmenter
from imaging_jax.models.segmentation.sam import SAM, padding_colour
from imaging_jax.models.segmentation.unet import UNet

__all__ = ["SAM", "PSPNet", "Segmenter", "UNet", "padding_colour"]
