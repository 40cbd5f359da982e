"""Image quality, with and without references; generators, classes, masks and captions."""

from imaging_jax.metrics._average_gradient import average_gradient
from imaging_jax.metrics._boundary_f1 import BoundaryScore, boundary_counts, boundary_f1
from imaging_jax.metrics._calibration import expected_calibration_error
from imaging_jax.metrics._captions import bleu, caption_words, rouge_l
from imaging_jax.metrics._cider import cider, cider_d
from imaging_jax.metrics._cpsnr import cpsnr
from imaging_jax.metrics._diversity import (
    class_histogram,
    kl_to_uniform,
    mean_confidence,
    modes,
    pixel_deviation,
)
from imaging_jax.metrics._frechet_distance import (
    FeatureMoments,
    feature_moments,
    frechet_distance,
    frechet_distance_of_moments,
)
from imaging_jax.metrics._inception_score import inception_score
from imaging_jax.metrics._kernel_distance import kernel_distance
from imaging_jax.metrics._lpips import LPIPS_NETWORKS, LPIPSNetwork, lpips, lpips_weights
from imaging_jax.metrics._meteor import meteor
from imaging_jax.metrics._neighbors import nearest_neighbors, precision_recall
from imaging_jax.metrics._niqe import NIQEModel, niqe, niqe_model
from imaging_jax.metrics._noise_level import noise_level
from imaging_jax.metrics._overlap import (
    class_iou,
    confusion_matrix,
    iou,
    mean_iou,
    pixel_error,
)
from imaging_jax.metrics._perceptual_index import perceptual_index
from imaging_jax.metrics._precision_recall_curve import (
    PrecisionRecallCurve,
    agreement,
    average_precision,
    best_f1,
    precision_recall_curve,
    trapezoid_auprc,
)
from imaging_jax.metrics._probes import (
    linear_scores,
    logistic_probe,
    neighbour_probe,
    ridge_probe,
    standardize,
)
from imaging_jax.metrics._psnr import psnr
from imaging_jax.metrics._psnr_b import psnr_b
from imaging_jax.metrics._rand_and_info import (
    RandAndInfo,
    rand_and_info,
    rand_and_info_scores,
)
from imaging_jax.metrics._retrieval import (
    average_precisions,
    nmrr,
    precision_at,
    ranked_relevance,
    recall_at,
    unit_vectors,
)
from imaging_jax.metrics._spectral import ergas, spectral_angle
from imaging_jax.metrics._ssim import ms_ssim, ssim, ssim_map

__all__ = [
    "LPIPS_NETWORKS",
    "BoundaryScore",
    "FeatureMoments",
    "LPIPSNetwork",
    "NIQEModel",
    "PrecisionRecallCurve",
    "RandAndInfo",
    "agreement",
    "average_gradient",
    "average_precision",
    "average_precisions",
    "best_f1",
    "bleu",
    "boundary_counts",
    "boundary_f1",
    "caption_words",
    "cider",
    "cider_d",
    "class_histogram",
    "class_iou",
    "confusion_matrix",
    "cpsnr",
    "ergas",
    "expected_calibration_error",
    "feature_moments",
    "frechet_distance",
    "frechet_distance_of_moments",
    "inception_score",
    "iou",
    "kernel_distance",
    "kl_to_uniform",
    "linear_scores",
    "logistic_probe",
    "lpips",
    "lpips_weights",
    "mean_confidence",
    "mean_iou",
    "meteor",
    "modes",
    "ms_ssim",
    "nearest_neighbors",
    "neighbour_probe",
    "niqe",
    "niqe_model",
    "nmrr",
    "noise_level",
    "perceptual_index",
    "pixel_deviation",
    "pixel_error",
    "precision_at",
    "precision_recall",
    "precision_recall_curve",
    "psnr",
    "psnr_b",
    "rand_and_info",
    "rand_and_info_scores",
    "ranked_relevance",
    "recall_at",
    "ridge_probe",
    "rouge_l",
    "spectral_angle",
    "ssim",
    "ssim_map",
    "standardize",
    "trapezoid_auprc",
    "unit_vectors",
]
