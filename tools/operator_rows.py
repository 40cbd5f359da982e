"""The rows of docs/operators.md: one for every operator, noise, solver and proximal map."""

from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp

from imaging_jax import operators, solvers, transforms
from imaging_jax.operators import LinearOperator

SIDE = 96
"""Height and width of the images that examples take, unless they are smaller."""

_GREY, _COLOUR = (SIDE, SIDE, 1), (SIDE, SIDE, 3)


@dataclass(frozen=True)
class OperatorRow:
    """What the page says of a linear operator.

    Attributes:
      operator: its class.
      functions: the public functions that it applies.
      what: it does, in words.
      formula: of `forward`.
      by_hand: the adjoint is written by hand.
      proximal: how the proximal step is taken.
      example: makes the operator whose picture is drawn.
    """

    operator: type[LinearOperator]
    functions: tuple[Callable, ...]
    what: str
    formula: str
    example: Callable[[], LinearOperator]
    by_hand: bool = False
    proximal: str = "conjugate gradients"


OPERATORS = (
    OperatorRow(
        operators.AffineWarp,
        (operators.affine_warp,),
        "Resamples images under an affine map by cubic convolution, without antialiasing; "
        "differentiable in its map.",
        "Pixel p = (row, column) of the result is the image at `matrix @ p + offset`",
        example=lambda: operators.AffineWarp(
            jnp.array([[0.87, -0.5], [0.5, 0.87]]),
            jnp.array([30.0, -18.0]),
            (SIDE, SIDE),
            in_shape=_GREY,
        ),
    ),
    OperatorRow(
        operators.BayerMosaic,
        (operators.bayer_mosaic,),
        "Keeps at every pixel the colour that the Bayer pattern RGGB measures; its rows are "
        "orthonormal.",
        "`y = sum_c m_c x_c`",
        proximal="closed form: known colours are averaged, others kept",
        example=lambda: operators.BayerMosaic(in_shape=_COLOUR),
    ),
    OperatorRow(
        operators.Blur,
        (operators.blur,),
        "Convolves every channel of images with a kernel, by the fast Fourier transform; "
        "differentiable in its kernel.",
        "`y[i] = sum_k kernel[k] x[i + c - k]`",
        proximal="closed form in the Fourier domain; None unless circular",
        example=lambda: operators.Blur(operators.motion_kernel(15, 13, 0.6), in_shape=_GREY),
    ),
    OperatorRow(
        operators.BlurDownsample,
        (operators.blur, operators.downsample),
        "Blurs, then keeps every `scale`-th row and column.",
        "`y[i] = (kernel * x)[scale i + offset]`",
        proximal="closed form, exactly (Zhao et al., 2016, eq. 15). None unless the boundary is "
        "circular and the sides are multiples of the scale",
        example=lambda: operators.BlurDownsample(
            operators.gaussian_kernel(15, 1.6), 3, in_shape=_COLOUR
        ),
    ),
    OperatorRow(
        operators.Cassi,
        (operators.cassi,),
        "The snapshot of a coded-aperture spectral imager with a single disperser (SD-CASSI); "
        "differentiable in its mask.",
        "`y[i, j + step c] = sum_c mask[i, j] x[i, j, c]`",
        proximal="closed form, by the diagonal of `A A.H`",
        example=lambda: operators.Cassi(
            jax.random.bernoulli(jax.random.key(0), 0.5, (SIDE, SIDE)).astype(jnp.float32),
            8,
            in_shape=_COLOUR,
        ),
    ),
    OperatorRow(
        operators.CodedDiffraction,
        (operators.coded_diffraction,),
        "Fourier transforms of the image behind several masks; differentiable in its masks.",
        "`y_l = L^(-1/2) F (masks_l x)`",
        proximal="closed form: the normal operator is diagonal",
        example=lambda: operators.CodedDiffraction(
            operators.sample_diffraction_masks(jax.random.key(0), (SIDE, SIDE), 2), in_shape=_GREY
        ),
    ),
    OperatorRow(
        operators.CompressiveSensing,
        (),
        "Inner products of every channel with the rows of a matrix.",
        "`y = matrix x`",
        proximal="closed form; None unless the rows are orthonormal",
        example=lambda: operators.CompressiveSensing(
            operators.sample_gaussian_matrix(
                jax.random.key(0), 256, 32 * 32, orthonormal_rows=True
            ),
            orthonormal_rows=True,
            in_shape=(32, 32, 1),
        ),
    ),
    OperatorRow(
        solvers.FiniteDifferences,
        (transforms.finite_differences,),
        "Forward differences of every channel, the discrete gradient; its output is a pair.",
        "`x[i + 1] - x[i]`",
        example=lambda: solvers.FiniteDifferences(in_shape=_GREY),
    ),
    OperatorRow(
        operators.Fourier,
        (operators.fft2,),
        "The orthonormal two-dimensional discrete Fourier transform of every channel, in a frame "
        "of zeros.",
        "`y[k, l] = (H W)^(-1/2) sum_mn x[m, n] exp(-2 pi i (k m / H + l n / W))`",
        proximal="closed form: the columns are orthonormal",
        example=lambda: operators.Fourier(in_shape=_GREY),
    ),
    OperatorRow(
        operators.FourierShift,
        (operators.fourier_shift,),
        "Moves periodic images by fractions of a pixel, by trigonometric interpolation; "
        "differentiable in its shift.",
        "The frequency (k, l) is multiplied by `exp(-2 pi i (k dy / H + l dx / W))`",
        proximal="closed form in the Fourier domain",
        example=lambda: operators.FourierShift(jnp.array([10.5, 20.25]), in_shape=_GREY),
    ),
    OperatorRow(
        operators.Grey,
        (operators.to_grey,),
        "Mixes channels into one, the forward model of colourisation; differentiable in its "
        "weights.",
        "`y = sum_c w_c x_c`",
        proximal="closed form, which moves a colour along the weights",
        example=lambda: operators.Grey(jnp.array([0.299, 0.587, 0.114]), in_shape=_COLOUR),
    ),
    OperatorRow(
        operators.HomographyWarp,
        (operators.homography_warp,),
        "Resamples images under a projective map by cubic convolution, without antialiasing; "
        "differentiable in its map.",
        "Pixel p = (row, column) of the result is the image at `(a, b) / c` where "
        "`(a, b, c) = matrix @ (row, column, 1)`",
        example=lambda: operators.HomographyWarp(
            jnp.array([[0.8, 0.3, 0.0], [0.0, 1.3, -10.0], [0.0, 0.006, 1.0]]),
            (SIDE, SIDE),
            in_shape=_GREY,
        ),
    ),
    OperatorRow(
        operators.Inpainting,
        (),
        "Multiplies an image by a mask.",
        "`y = m x`",
        proximal="closed form, pixel by pixel",
        example=lambda: operators.Inpainting(
            operators.sample_inpainting_mask(jax.random.key(0), (SIDE, SIDE), 0.5),
            in_shape=_COLOUR,
        ),
    ),
    OperatorRow(
        operators.LanczosShift,
        (operators.lanczos_shift,),
        "Moves images by fractions of a pixel by Lanczos kernels of three lobes, mirrored at their "
        "edges; differentiable in its shift.",
        "`y[n] = sum_k w_k x[n - floor(d) - k]`, `w_k` proportional to "
        "`sinc(k - d + floor(d)) sinc((k - d + floor(d)) / 3)`, along both axes",
        example=lambda: operators.LanczosShift(jnp.array([10.5, 20.25]), in_shape=_GREY),
    ),
    OperatorRow(
        operators.MaskedFourier,
        (operators.masked_fourier,),
        "Samples of the Fourier transform: magnetic resonance with one coil; differentiable in "
        "its mask.",
        "`y = mask F x`",
        proximal="closed form, over real images where the input is real",
        example=lambda: operators.MaskedFourier(
            operators.sample_radial_mask(jax.random.key(0), (SIDE, SIDE), 16), in_shape=_GREY
        ),
    ),
    OperatorRow(
        operators.MultiCoilFourier,
        (operators.multi_coil_fourier,),
        "Samples of the Fourier transforms seen by several coils; differentiable in mask and "
        "sensitivities.",
        "`y_c = mask F (s_c x)`",
        example=lambda: operators.MultiCoilFourier(
            operators.sample_cartesian_mask(jax.random.key(0), (SIDE, SIDE), 3),
            operators.birdcage_sensitivities((SIDE, SIDE), 3),
            in_shape=_GREY,
        ),
    ),
    OperatorRow(
        operators.Pansharpening,
        (operators.pansharpening,),
        "What a satellite measures of a fine image of many bands: coarse bands and a fine grey "
        "image.",
        "`A x = (decimate(kernel * x), sum_b weights[b] x_b)`",
        example=lambda: operators.Pansharpening(
            operators.mtf_kernel(4), jnp.full(3, 1 / 3), in_shape=_COLOUR
        ),
    ),
    OperatorRow(
        operators.Radon,
        (operators.radon,),
        "The parallel-beam Radon transform: column sums of the image turned by every angle; "
        "differentiable in its angles.",
        "Detector `t` under the angle `a` measures `sum_s x(row, column)` at "
        "`column = c + (t - c) cos a + (s - c) sin a` and "
        "`row = c - (t - c) sin a + (s - c) cos a` for `s = 0 ... N - 1`, with "
        "`c = floor(N / 2)` and bilinear interpolation",
        by_hand=True,
        example=lambda: operators.Radon(jnp.linspace(0, 180, 60, endpoint=False), in_shape=_GREY),
    ),
    OperatorRow(
        operators.Resize,
        (operators.resize,),
        "Resamples images with weights of rows and columns, as MATLAB's imresize without rounding.",
        "`y = R x C.T`",
        example=lambda: operators.Resize(1 / 4, in_shape=_COLOUR),
    ),
    OperatorRow(
        operators.SpatiallyVaryingBlur,
        (operators.spatially_varying_blur,),
        "Blurs images with a kernel that changes smoothly over the field; differentiable in its "
        "kernels.",
        "`y = sum_k w_k (kernel_k * x)`",
        example=lambda: operators.SpatiallyVaryingBlur(
            jnp.array([[operators.gaussian_kernel(15, sigma) for sigma in (0.5, 2.0, 4.0)]]),
            in_shape=_GREY,
        ),
    ),
    OperatorRow(
        operators.SubsampledTransform,
        (operators.walsh_hadamard,),
        "Coefficients of the image with random signs: fast compressive sensing by orthonormal "
        "rows.",
        "`y = (T (signs x))[indices]`",
        proximal="closed form: the rows are orthonormal",
        example=lambda: operators.sample_subsampled_transform(
            jax.random.key(0), _GREY, 48 * 48, "dct"
        ),
    ),
)

NOISES = (
    operators.correlated_noise,
    operators.dead_line_noise,
    operators.gaussian_noise,
    operators.nmog_noise,
    operators.poisson_gaussian_noise,
    operators.poisson_noise,
    operators.qrnn3d_noise,
    operators.random_valued_impulse_noise,
    operators.rician_noise,
    operators.salt_and_pepper_noise,
    operators.speckle_noise,
    operators.stripe_noise,
    operators.uniform_noise,
)

SOLVERS = (
    solvers.admm,
    solvers.conjugate_gradient,
    solvers.data_proximal,
    solvers.demosaic,
    solvers.fista,
    solvers.forward_backward,
    solvers.gap_tv,
    solvers.gerchberg_saxton,
    solvers.godec,
    solvers.half_quadratic_splitting,
    solvers.ista,
    solvers.landweber,
    solvers.lrmr,
    solvers.lrtv,
    solvers.lsqr,
    solvers.nmog,
    solvers.pnp_admm,
    solvers.pnp_douglas_rachford,
    solvers.pnp_forward_backward,
    solvers.pnp_hqs,
    solvers.primal_dual,
    solvers.red,
    solvers.retrieve_phase,
    solvers.retrieve_soil_moisture,
    solvers.richardson_lucy,
    solvers.robust_pca,
    solvers.spectral_initialization,
    solvers.style_cascade,
    solvers.style_transfer,
    solvers.tdl,
    solvers.tikhonov,
    solvers.truncated_amplitude_flow,
    solvers.truncated_svd,
    solvers.tv_denoise,
    solvers.wiener,
    solvers.wirtinger_flow,
)

PROXIMAL_MAPS = (
    solvers.dct_proximal,
    solvers.project_box,
    solvers.project_nonnegative,
    solvers.singular_value_threshold,
    solvers.translation_invariant_wavelet_proximal,
    solvers.tv_proximal,
    solvers.wavelet_proximal,
)
