"""Image quality, against a reference and without one."""

from imaging_jax.metrics._average_gradient import average_gradient
from imaging_jax.metrics._cpsnr import cpsnr
from imaging_jax.metrics._lpips import LPIPS_NETWORKS, LPIPSNetwork, lpips, lpips_weights
from imaging_jax.metrics._niqe import NIQEModel, niqe, niqe_model
from imaging_jax.metrics._perceptual_index import perceptual_index
from imaging_jax.metrics._psnr import psnr
from imaging_jax.metrics._spectral import ergas, spectral_angle
from imaging_jax.metrics._ssim import ms_ssim, ssim

__all__ = [
    "LPIPS_NETWORKS",
    "LPIPSNetwork",
    "NIQEModel",
    "average_gradient",
    "cpsnr",
    "ergas",
    "lpips",
    "lpips_weights",
    "ms_ssim",
    "niqe",
    "niqe_model",
    "perceptual_index",
    "psnr",
    "spectral_angle",
    "ssim",
]
