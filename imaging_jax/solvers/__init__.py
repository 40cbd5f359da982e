"""Algorithms without training: least squares, deconvolution, proximal methods, low rank, style."""

from imaging_jax.solvers._deconvolution import richardson_lucy, wiener
from imaging_jax.solvers._demosaicing import demosaic
from imaging_jax.solvers._douglas_rachford import pnp_douglas_rachford
from imaging_jax.solvers._first_order import fista, forward_backward, ista
from imaging_jax.solvers._gap import gap_tv
from imaging_jax.solvers._hyperspectral import lrmr, lrtv, truncated_svd
from imaging_jax.solvers._least_squares import (
    conjugate_gradient,
    data_proximal,
    landweber,
    tikhonov,
)
from imaging_jax.solvers._low_rank import godec, robust_pca
from imaging_jax.solvers._lsqr import lsqr
from imaging_jax.solvers._mixture_low_rank import nmog
from imaging_jax.solvers._phase_alignment import align
from imaging_jax.solvers._phase_flows import (
    intensities,
    largest_sixth,
    spectral_initialization,
    truncated_amplitude_flow,
    wirtinger_flow,
)
from imaging_jax.solvers._phase_retrieval import (
    RetrievedPhase,
    averaged_reflections,
    difference_map,
    error_reduction,
    gerchberg_saxton,
    hybrid_input_output,
    on_support,
    retrieve_phase,
)
from imaging_jax.solvers._plug_and_play import (
    dpir_schedule,
    pnp_admm,
    pnp_forward_backward,
    pnp_hqs,
)
from imaging_jax.solvers._primal_dual import primal_dual
from imaging_jax.solvers._proximal import (
    dct_proximal,
    project_box,
    project_nonnegative,
    singular_value_threshold,
    translation_invariant_wavelet_proximal,
    wavelet_proximal,
)
from imaging_jax.solvers._registration import register_frames, registration_shift
from imaging_jax.solvers._regularization_by_denoising import red
from imaging_jax.solvers._result import Result
from imaging_jax.solvers._soil_moisture import retrieve_soil_moisture
from imaging_jax.solvers._splitting import admm, half_quadratic_splitting
from imaging_jax.solvers._style_cascade import style_cascade
from imaging_jax.solvers._style_transfer import (
    StyledImage,
    StyleObjective,
    style_objective,
    style_transfer,
)
from imaging_jax.solvers._tensor_dictionary import tdl
from imaging_jax.solvers._total_variation import (
    FiniteDifferences,
    total_variation,
    tv_denoise,
    tv_proximal,
)

__all__ = [
    "FiniteDifferences",
    "Result",
    "RetrievedPhase",
    "StyleObjective",
    "StyledImage",
    "admm",
    "align",
    "averaged_reflections",
    "conjugate_gradient",
    "data_proximal",
    "dct_proximal",
    "demosaic",
    "difference_map",
    "dpir_schedule",
    "error_reduction",
    "fista",
    "forward_backward",
    "gap_tv",
    "gerchberg_saxton",
    "godec",
    "half_quadratic_splitting",
    "hybrid_input_output",
    "intensities",
    "ista",
    "landweber",
    "largest_sixth",
    "lrmr",
    "lrtv",
    "lsqr",
    "nmog",
    "on_support",
    "pnp_admm",
    "pnp_douglas_rachford",
    "pnp_forward_backward",
    "pnp_hqs",
    "primal_dual",
    "project_box",
    "project_nonnegative",
    "red",
    "register_frames",
    "registration_shift",
    "retrieve_phase",
    "retrieve_soil_moisture",
    "richardson_lucy",
    "robust_pca",
    "singular_value_threshold",
    "spectral_initialization",
    "style_cascade",
    "style_objective",
    "style_transfer",
    "tdl",
    "tikhonov",
    "total_variation",
    "translation_invariant_wavelet_proximal",
    "truncated_amplitude_flow",
    "truncated_svd",
    "tv_denoise",
    "tv_proximal",
    "wavelet_proximal",
    "wiener",
    "wirtinger_flow",
]
