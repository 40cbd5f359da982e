"""Image quality against a reference."""

from imaging_jax.metrics._psnr import psnr
from imaging_jax.metrics._ssim import ms_ssim, ssim

__all__ = ["ms_ssim", "psnr", "ssim"]
