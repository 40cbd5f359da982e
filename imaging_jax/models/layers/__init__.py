"""Blocks that several models share."""

from imaging_jax.models.layers._checks import check_channels
from imaging_jax.models.layers._initializers import fan_in_uniform, torch_kernel
from imaging_jax.models.layers._prelu import PReLU
from imaging_jax.models.layers._residual_block import ResidualBlock
from imaging_jax.models.layers._spectral_convolution import SpectralConv
from imaging_jax.models.layers._upsampler import Upsampler

__all__ = [
    "PReLU",
    "ResidualBlock",
    "SpectralConv",
    "Upsampler",
    "check_channels",
    "fan_in_uniform",
    "torch_kernel",
]
