"""Networks that say what each pixel is, and the U-shaped one of tomography."""

from imaging_jax.models.segmentation.fbp_conv_net import FBPConvNet
from imaging_jax.models.segmentation.pspnet import PSPNet
from imaging_jax.models.segmentation.roles import Segmenter
from imaging_jax.models.segmentation.unet import UNet

__all__ = ["FBPConvNet", "PSPNet", "Segmenter", "UNet"]
