"""Training objectives, one pure function each, and the weights of pixels that one needs."""

from imaging_jax.losses._adversarial import (
    ADVERSARIAL_LOSSES,
    cross_entropy_discriminator_loss,
    hinge_discriminator_loss,
    least_squares_discriminator_loss,
    least_squares_generator_loss,
    minimax_generator_loss,
    non_saturating_generator_loss,
    wasserstein_discriminator_loss,
    wasserstein_generator_loss,
)
from imaging_jax.losses._autoencoding import (
    binary_cross_entropy,
    error_norm,
    gaussian_kl,
    sparse_kl,
    squared_error,
)
from imaging_jax.losses._border_weights import border_weights
from imaging_jax.losses._content import content_loss
from imaging_jax.losses._contrastive import cosine_regression, info_nce, nt_xent
from imaging_jax.losses._gram import gram_matrix
from imaging_jax.losses._masked_patches import masked_patch_error
from imaging_jax.losses._metric_learning import pairwise_hash_loss, semi_hard_triplet_loss
from imaging_jax.losses._path_length import path_length
from imaging_jax.losses._penalties import clip_weights, gradient_penalty, r1_penalty
from imaging_jax.losses._pixel import (
    charbonnier,
    l1,
    mrae,
    mse,
    negative_psnr,
    rmse,
    sum_of_squares_half,
)
from imaging_jax.losses._precipitation import weighted_rain_mae
from imaging_jax.losses._registered import masked_bias_corrected_error, shifted_error
from imaging_jax.losses._segmentation import (
    binary_nll,
    dice_loss,
    focal_loss,
    lovasz_hinge,
    soft_jaccard_loss,
    weighted_cross_entropy,
)
from imaging_jax.losses._style import (
    feature_reconstruction_loss,
    squared_variation,
    style_reconstruction_loss,
)
from imaging_jax.losses._without_clean_images import (
    Replacement,
    blind_spots,
    masked_mse,
    noisier2noise_estimate,
)

__all__ = [
    "ADVERSARIAL_LOSSES",
    "Replacement",
    "binary_cross_entropy",
    "binary_nll",
    "blind_spots",
    "border_weights",
    "charbonnier",
    "clip_weights",
    "content_loss",
    "cosine_regression",
    "cross_entropy_discriminator_loss",
    "dice_loss",
    "error_norm",
    "feature_reconstruction_loss",
    "focal_loss",
    "gaussian_kl",
    "gradient_penalty",
    "gram_matrix",
    "hinge_discriminator_loss",
    "info_nce",
    "l1",
    "least_squares_discriminator_loss",
    "least_squares_generator_loss",
    "lovasz_hinge",
    "masked_bias_corrected_error",
    "masked_mse",
    "masked_patch_error",
    "minimax_generator_loss",
    "mrae",
    "mse",
    "negative_psnr",
    "noisier2noise_estimate",
    "non_saturating_generator_loss",
    "nt_xent",
    "pairwise_hash_loss",
    "path_length",
    "r1_penalty",
    "rmse",
    "semi_hard_triplet_loss",
    "shifted_error",
    "soft_jaccard_loss",
    "sparse_kl",
    "squared_error",
    "squared_variation",
    "style_reconstruction_loss",
    "sum_of_squares_half",
    "wasserstein_discriminator_loss",
    "wasserstein_generator_loss",
    "weighted_cross_entropy",
    "weighted_rain_mae",
]
