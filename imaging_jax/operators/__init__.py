"""Forward models y = A(x), noise, and the algebra of linear operators."""

from imaging_jax.operators._blur import Blur, BlurDownsample, blur, optical_transfer_function
from imaging_jax.operators._decimation import downsample, modcrop, shave
from imaging_jax.operators._eight_bit import round_to_8bit
from imaging_jax.operators._jpeg import jpeg
from imaging_jax.operators._kernels import (
    anisotropic_gaussian_kernel,
    box_kernel,
    gaussian_kernel,
)
from imaging_jax.operators._linear_operator import LinearOperator, vstack
from imaging_jax.operators._noise import gaussian_noise
from imaging_jax.operators._resize import Resize, resize
from imaging_jax.operators._warp import affine_warp

__all__ = [
    "Blur",
    "BlurDownsample",
    "LinearOperator",
    "Resize",
    "affine_warp",
    "anisotropic_gaussian_kernel",
    "blur",
    "box_kernel",
    "downsample",
    "gaussian_kernel",
    "gaussian_noise",
    "jpeg",
    "modcrop",
    "optical_transfer_function",
    "resize",
    "round_to_8bit",
    "shave",
    "vstack",
]
