"""Forward models y = A(x), noise, and the algebra of linear operators."""

from imaging_jax.operators._anscombe import (
    anscombe,
    generalized_anscombe,
    inverse_anscombe,
    inverse_generalized_anscombe,
)
from imaging_jax.operators._atmosphere import (
    add_clouds,
    fractal_noise,
    haze,
    sample_cloud_opacity,
)
from imaging_jax.operators._blur import Blur, BlurDownsample, blur, optical_transfer_function
from imaging_jax.operators._cassi import DISPERSION, Cassi, cassi
from imaging_jax.operators._colors import BayerMosaic, Grey, bayer_mask, bayer_mosaic, to_grey
from imaging_jax.operators._compressive_sensing import (
    CompressiveSensing,
    SubsampledTransform,
    sample_gaussian_matrix,
    sample_subsampled_transform,
    walsh_hadamard,
)
from imaging_jax.operators._decimation import block_means, downsample, modcrop, shave
from imaging_jax.operators._eight_bit import round_to_8bit
from imaging_jax.operators._fourier import (
    CodedDiffraction,
    Fourier,
    coded_diffraction,
    fft2,
    fourier_magnitude,
    frame_support,
    ifft2,
    sample_diffraction_masks,
)
from imaging_jax.operators._fourier_masks import (
    sample_cartesian_mask,
    sample_radial_mask,
    sample_variable_density_mask,
)
from imaging_jax.operators._fourier_shift import FourierShift, fourier_shift
from imaging_jax.operators._hyperspectral_noise import nmog_noise, qrnn3d_noise
from imaging_jax.operators._impulse_noise import (
    dead_line_noise,
    random_valued_impulse_noise,
    salt_and_pepper_noise,
    stripe_noise,
)
from imaging_jax.operators._inpainting import Inpainting
from imaging_jax.operators._jpeg import jpeg
from imaging_jax.operators._kernels import (
    anisotropic_gaussian_kernel,
    binomial_kernel,
    box_kernel,
    centre_kernel,
    disk_kernel,
    gaussian_kernel,
)
from imaging_jax.operators._lanczos_shift import LanczosShift, lanczos_shift
from imaging_jax.operators._linear_operator import LinearOperator, vstack
from imaging_jax.operators._masked_fourier import (
    MaskedFourier,
    MultiCoilFourier,
    birdcage_sensitivities,
    masked_fourier,
    multi_coil_fourier,
)
from imaging_jax.operators._microwave_emission import (
    INCIDENCE,
    brightness_temperature,
    fresnel_reflectivity,
    rough_reflectivity,
)
from imaging_jax.operators._motion_kernels import motion_kernel, sample_motion_kernel
from imaging_jax.operators._noise import (
    correlated_noise,
    gaussian_noise,
    poisson_gaussian_noise,
    poisson_noise,
    quantize,
    rician_noise,
    speckle_noise,
    uniform_noise,
)
from imaging_jax.operators._pansharpening import Pansharpening, mtf_kernel, pansharpening
from imaging_jax.operators._radon import (
    Radon,
    filtered_back_projection,
    radon,
    radon_transpose,
)
from imaging_jax.operators._resize import Resize, resize
from imaging_jax.operators._sampling import (
    sample_gaussian_kernel,
    sample_inpainting_mask,
    sample_raw_noise_levels,
    sample_sigma,
)
from imaging_jax.operators._soil_permittivity import (
    L_BAND,
    dobson_permittivity,
    mironov_permittivity,
    topp_permittivity,
)
from imaging_jax.operators._spatially_varying_blur import (
    SpatiallyVaryingBlur,
    spatially_varying_blur,
)
from imaging_jax.operators._warp import (
    AffineWarp,
    HomographyWarp,
    affine_warp,
    homography_warp,
    warp,
)

__all__ = [
    "DISPERSION",
    "INCIDENCE",
    "L_BAND",
    "AffineWarp",
    "BayerMosaic",
    "Blur",
    "BlurDownsample",
    "Cassi",
    "CodedDiffraction",
    "CompressiveSensing",
    "Fourier",
    "FourierShift",
    "Grey",
    "HomographyWarp",
    "Inpainting",
    "LanczosShift",
    "LinearOperator",
    "MaskedFourier",
    "MultiCoilFourier",
    "Pansharpening",
    "Radon",
    "Resize",
    "SpatiallyVaryingBlur",
    "SubsampledTransform",
    "add_clouds",
    "affine_warp",
    "anisotropic_gaussian_kernel",
    "anscombe",
    "bayer_mask",
    "bayer_mosaic",
    "binomial_kernel",
    "birdcage_sensitivities",
    "block_means",
    "blur",
    "box_kernel",
    "brightness_temperature",
    "cassi",
    "centre_kernel",
    "coded_diffraction",
    "correlated_noise",
    "dead_line_noise",
    "disk_kernel",
    "dobson_permittivity",
    "downsample",
    "fft2",
    "filtered_back_projection",
    "fourier_magnitude",
    "fourier_shift",
    "fractal_noise",
    "frame_support",
    "fresnel_reflectivity",
    "gaussian_kernel",
    "gaussian_noise",
    "generalized_anscombe",
    "haze",
    "homography_warp",
    "ifft2",
    "inverse_anscombe",
    "inverse_generalized_anscombe",
    "jpeg",
    "lanczos_shift",
    "masked_fourier",
    "mironov_permittivity",
    "modcrop",
    "motion_kernel",
    "mtf_kernel",
    "multi_coil_fourier",
    "nmog_noise",
    "optical_transfer_function",
    "pansharpening",
    "poisson_gaussian_noise",
    "poisson_noise",
    "qrnn3d_noise",
    "quantize",
    "radon",
    "radon_transpose",
    "random_valued_impulse_noise",
    "resize",
    "rician_noise",
    "rough_reflectivity",
    "round_to_8bit",
    "salt_and_pepper_noise",
    "sample_cartesian_mask",
    "sample_cloud_opacity",
    "sample_diffraction_masks",
    "sample_gaussian_kernel",
    "sample_gaussian_matrix",
    "sample_inpainting_mask",
    "sample_motion_kernel",
    "sample_radial_mask",
    "sample_raw_noise_levels",
    "sample_sigma",
    "sample_subsampled_transform",
    "sample_variable_density_mask",
    "shave",
    "spatially_varying_blur",
    "speckle_noise",
    "stripe_noise",
    "to_grey",
    "topp_permittivity",
    "uniform_noise",
    "vstack",
    "walsh_hadamard",
    "warp",
]
