"""Colour, pixel shuffle, wavelets, DCT, finite differences, paths of latents, styles."""

from imaging_jax.transforms._ab_bins import (
    ab_bins,
    annealed_mean,
    rebalancing_weights,
    soft_encode,
)
from imaging_jax.transforms._color import luminance, rgb_to_ycbcr, ycbcr_to_rgb
from imaging_jax.transforms._dct import dct2, idct2
from imaging_jax.transforms._descriptors import (
    DESCRIPTORS,
    colour_histogram,
    colour_statistics,
    gabor_statistics,
    hellinger_histogram,
    log_spectrum,
    plain_pixels,
    random_convolutions,
    random_features,
    reduced_pixels,
)
from imaging_jax.transforms._feature_statistics import (
    adaptive_instance_normalization,
    whitening_coloring,
)
from imaging_jax.transforms._finite_differences import (
    finite_differences,
    finite_differences_adjoint,
)
from imaging_jax.transforms._haar_packet import haar_packet, inverse_haar_packet
from imaging_jax.transforms._hashing import (
    Hashing,
    hamming_distances,
    itq,
    lsh,
    pack_bits,
    pca_hashing,
)
from imaging_jax.transforms._lab import lab_to_rgb, rgb_to_lab
from imaging_jax.transforms._latent import attribute_arithmetic, lerp, slerp
from imaging_jax.transforms._log_bands import SENTINEL2_BANDS, check_bands, log_bands
from imaging_jax.transforms._pixel_shuffle import depth_to_space, space_to_depth
from imaging_jax.transforms._stationary_wavelets import (
    stationary_wavelet_decompose,
    stationary_wavelet_reconstruct,
)
from imaging_jax.transforms._thresholding import (
    bayes_shrink,
    estimate_noise,
    soft_threshold,
    visu_shrink,
)
from imaging_jax.transforms._wavelets import (
    inverse_wavelet_packet,
    wavelet_decompose,
    wavelet_packet,
    wavelet_reconstruct,
)

__all__ = [
    "DESCRIPTORS",
    "SENTINEL2_BANDS",
    "Hashing",
    "ab_bins",
    "adaptive_instance_normalization",
    "annealed_mean",
    "attribute_arithmetic",
    "bayes_shrink",
    "check_bands",
    "colour_histogram",
    "colour_statistics",
    "dct2",
    "depth_to_space",
    "estimate_noise",
    "finite_differences",
    "finite_differences_adjoint",
    "gabor_statistics",
    "haar_packet",
    "hamming_distances",
    "hellinger_histogram",
    "idct2",
    "inverse_haar_packet",
    "inverse_wavelet_packet",
    "itq",
    "lab_to_rgb",
    "lerp",
    "log_bands",
    "log_spectrum",
    "lsh",
    "luminance",
    "pack_bits",
    "pca_hashing",
    "plain_pixels",
    "random_convolutions",
    "random_features",
    "rebalancing_weights",
    "reduced_pixels",
    "rgb_to_lab",
    "rgb_to_ycbcr",
    "slerp",
    "soft_encode",
    "soft_threshold",
    "space_to_depth",
    "stationary_wavelet_decompose",
    "stationary_wavelet_reconstruct",
    "visu_shrink",
    "wavelet_decompose",
    "wavelet_packet",
    "wavelet_reconstruct",
    "whitening_coloring",
    "ycbcr_to_rgb",
]
