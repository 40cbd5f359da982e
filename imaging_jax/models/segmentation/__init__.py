"""Networks that say what each pixel is."""

from imaging_jax.models.segmentation._sam_prompts import (
    BACKGROUND,
    FIRST_CORNER,
    FOREGROUND,
    PADDING,
    SECOND_CORNER,
)
from imaging_jax.models.segmentation.pspnet import PSPNet
from imaging_jax.models.segmentation.roles import Segmenter
from imaging_jax.models.segmentation.sam import SAM, padding_colour, resize_masks
from imaging_jax.models.segmentation.unet import UNet

__all__ = [
    "BACKGROUND",
    "FIRST_CORNER",
    "FOREGROUND",
    "PADDING",
    "SAM",
    "SECOND_CORNER",
    "PSPNet",
    "Segmenter",
    "UNet",
    "padding_colour",
    "resize_masks",
]
