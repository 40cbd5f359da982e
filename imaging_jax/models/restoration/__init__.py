"""Networks that restore an image at its own size, one file a published system."""

from imaging_jax.models.restoration._denoiser import as_denoiser
from imaging_jax.models.restoration.arcnn import ARCNN
from imaging_jax.models.restoration.burst_cnn import BurstCNN
from imaging_jax.models.restoration.dncnn import DnCNN, merge_batch_norm
from imaging_jax.models.restoration.drunet import DRUNet
from imaging_jax.models.restoration.fbp_conv_net import FBPConvNet
from imaging_jax.models.restoration.ffdnet import FFDNet
from imaging_jax.models.restoration.ircnn import IRCNN
from imaging_jax.models.restoration.restormer import Restormer
from imaging_jax.models.restoration.simple_cnn import SimpleCNN
from imaging_jax.models.restoration.spa_gan import SpAGANDiscriminator, SPANet
from imaging_jax.models.restoration.unrolled_hqs import UnrolledHQS

__all__ = [
    "ARCNN",
    "IRCNN",
    "BurstCNN",
    "DRUNet",
    "DnCNN",
    "FBPConvNet",
    "FFDNet",
    "Restormer",
    "SPANet",
    "SimpleCNN",
    "SpAGANDiscriminator",
    "UnrolledHQS",
    "as_denoiser",
    "merge_batch_norm",
]
