"""Plug-and-play as systems: denoisers of `imaging_jax.pretrained` as priors."""

import dataclasses

import jax
import jax.numpy as jnp

from imaging_jax import pretrained
from imaging_jax.models.restoration import as_denoiser
from imaging_jax.operators import MaskedFourier
from imaging_jax.solvers import dpir_schedule, pnp_admm, pnp_douglas_rachford, pnp_hqs, red
from train.config.registry import look_up
from train.data import degradations
from train.data.fields import Field
from train.data.presets import PRESETS
from train.systems import weights
from train.systems.measurements import MRI, measurement
from train.systems.system import Origin, System

# Of Douglas-Rachford splitting, as the authors' code has them: rho = 1 / (2 alpha), alpha = 2.
RHO = 1 / 4
ITERATIONS = 100
# DPIR's iterations and last level of noise, of 255, by what is measured; of a decimated blur it is
# the scale.
_DEBLURRING = 8, 0.0
_DEMOSAICING = 40, 0.6
_ENLARGING = 24
# Of plug-and-play ADMM: the denoiser's level of noise, of 255, and the weight of the prior; chosen
# on scikit-image's photographs.
_ADMM_LEVEL, _ADMM_WEIGHT, _ADMM_ITERATIONS = 25.0, 1.0, 24
# Of regularisation by denoising, of images in [0, 255]: the weight is Romano's. At his level of
# 3.25 FFDNet sharpens what it made itself; 10 is chosen on scikit-image's photographs.
_RED_LEVEL, _RED_WEIGHT, _RED_ITERATIONS = 10.0, 0.02, 60


def half_quadratic_splitting(degradation: str, denoiser: str) -> System:
    """Half-quadratic splitting with DPIR's schedule, from the estimate of the degradation.

    Of a mosaic the denoiser sees colours clipped to [0, 1], and those measured are put back at the
    end.

    Zhang et al., "Plug-and-play image restoration with deep denoiser prior", IEEE TPAMI 2021.

    Raises:
      ValueError: no such degradation, one whose operator isn't linear, or no such denoiser; the
        denoiser's bands aren't the image's, when applied.
    """
    name = "pnp_hqs"
    given = _measurement(name, degradation)
    noise = degradations.noise_level(degradation)
    mosaic = "bayer_mosaic" in dict(PRESETS[degradation].measure)
    iterations, least = _DEMOSAICING if mosaic else _DEBLURRING
    if (scale := PRESETS[degradation].scale) > 1:
        iterations, least = _ENLARGING, scale
    last = max(noise, least / 255) or None
    sigmas, rhos = dpir_schedule(noise, sigma_end=last, iterations=iterations)

    def solve(A, y, start, function):
        if mosaic:
            function = jax.tree_util.Partial(_of_clipped, function)
        x = pnp_hqs(A, y, function, sigmas, rhos, start).x
        return x + A.H(y - A(x)) if mosaic else x

    settings = {
        "iterations": len(sigmas),
        "sigmas_255": [float(sigma) * 255 for sigma in sigmas],
        "rhos": [float(rho) for rho in rhos],
    }
    return _restoring(name, degradation, denoiser, given, solve, settings)


def admm(degradation: str, denoiser: str) -> System:
    """ADMM with a denoiser of one level, from the estimate of the degradation.

    Venkatakrishnan, Bouman, Wohlberg, "Plug-and-play priors for model based reconstruction",
    GlobalSIP 2013.

    Raises:
      ValueError: as `half_quadratic_splitting`.
    """
    name = "pnp_admm"
    given = _measurement(name, degradation)
    level = _ADMM_LEVEL / 255
    rho = dpir_schedule(degradations.noise_level(degradation), level, level, 1, _ADMM_WEIGHT)[1][0]

    def solve(A, y, start, function):
        return pnp_admm(A, y, function, level, rho, start, iterations=_ADMM_ITERATIONS).x

    settings = {"iterations": _ADMM_ITERATIONS, "sigma_255": _ADMM_LEVEL, "rho": float(rho)}
    return _restoring(name, degradation, denoiser, given, solve, settings)


def regularization_by_denoising(degradation: str, denoiser: str) -> System:
    """Regularisation by denoising, by its fixed-point iteration with the authors' weight.

    Romano, Elad, Milanfar, "The little engine that could: regularization by denoising (RED)", SIAM
    J. Imaging Sciences 2017.

    Raises:
      ValueError: as `half_quadratic_splitting`, or a degradation without noise.
    """
    name = "red"
    given = _measurement(name, degradation)
    noise = degradations.noise_level(degradation)
    if not noise:
        raise ValueError(f"{name}:{degradation}: wanted a degradation with noise")
    level, weight = _RED_LEVEL / 255, _RED_WEIGHT * 255**2

    def solve(A, y, start, function):
        return red(A, y, function, noise, level, weight, start, iterations=_RED_ITERATIONS).x

    settings = {"iterations": _RED_ITERATIONS, "sigma_255": _RED_LEVEL, "weight_255": _RED_WEIGHT}
    return _restoring(name, degradation, denoiser, given, solve, settings)


# By name, what opens them of a degradation and a denoiser.
SOLVERS = {
    "pnp_admm": admm,
    "pnp_hqs": half_quadratic_splitting,
    "red": regularization_by_denoising,
}


def _measurement(name, degradation):
    look_up(PRESETS, degradation, f"the degradation of {name}")
    return measurement(degradation, name)


def _restoring(name, degradation, denoiser, given, solve, settings) -> System:
    """The system that solves the problem of each image, (A, y, start, denoiser) -> image."""
    function, origin = _opened(name, denoiser)

    @jax.jit
    def restored(item, function):
        return jnp.clip(solve(*given.problem(item), function), 0, 1)

    # The preset names kernel and noise; the schedule follows from these.
    settings = {
        "solver": name,
        "denoiser": denoiser,
        "noise_255": degradations.noise_level(degradation) * 255,
        "measure": [list(step) for step in PRESETS[degradation].measure],
        **settings,
    }
    return System(
        name,
        f"{degradation}_{denoiser}",
        lambda inputs, **_: given.each(restored, inputs, function),
        dataclasses.replace(origin, settings=settings),
        options=given.options,
        undoes=degradation,
    )


def _of_clipped(denoiser, x, sigma):
    return denoiser(jnp.clip(x, 0, 1), sigma)


def douglas_rachford(denoiser: str) -> System:
    """Douglas-Rachford splitting of spectra, as the authors' demonstration does it.

    The image is real, from the magnitude of the zero-filled one; it isn't clipped, since its
    energy is what is scored.

    Ryu et al., "Plug-and-play methods provably converge with properly trained denoisers", ICML
    2019, and github.com/uclaopt/Provable_Plug_and_Play.

    Raises:
      ValueError: no such denoiser, or one that wasn't trained for one level of noise; its bands
        aren't the image's, when applied.
    """
    name = "pnp_douglas_rachford"
    given = measurement(MRI, name)
    function, origin = _opened(name, denoiser)
    levels = pretrained.WEIGHTS[denoiser].serves
    if len(levels) != 1:
        raise ValueError(f"{name}:{denoiser}: wanted a denoiser trained for one level of noise")
    sigma = levels[0] / 255

    @jax.jit
    def solve(item, function):
        A, y, zero_filled = given.problem(item)
        A = _RealPart(A.mask, in_shape=A.in_shape, in_dtype=A.in_dtype)
        normalized = jax.tree_util.Partial(_normalized, function)
        start = jnp.abs(zero_filled).astype(y.dtype)
        found = pnp_douglas_rachford(A, y, normalized, sigma, RHO, start, iterations=ITERATIONS)
        return found.x.real

    settings = {
        "solver": name,
        "denoiser": denoiser,
        "iterations": ITERATIONS,
        "rho": RHO,
        "sigma_255": levels[0],
        "data_step": "real part",
        "denoiser_range": "extremes to [0, 1], widened by 1 + sigma / 2 about the middle",
        "start": "magnitude of the zero-filled image",
    }
    return System(
        name,
        denoiser,
        lambda inputs, **_: given.each(solve, inputs, function),
        dataclasses.replace(origin, settings=settings),
        takes=given.takes,
        gives={"image": Field((None, None, None), "float32", "image")},
        options=given.options,
    )


def _opened(solver: str, name: str) -> tuple[jax.tree_util.Partial, Origin]:
    """A denoiser as a function, and where it comes from; the paper is solver and denoiser."""
    denoisers = {
        key: entry for key, entry in pretrained.WEIGHTS.items() if entry.task == "denoising"
    }
    look_up(denoisers, name, f"the denoiser of {solver}")
    network, variables = pretrained.load(name)
    origin = dataclasses.replace(weights.origin_of(name, network), paper=f"{solver}, {name}")
    return as_denoiser(network, variables), origin


class _RealPart(MaskedFourier):
    """The authors' data step: that of complex images, of which the real part is kept."""

    @property
    def proximal(self):
        def step(y, z, rho):
            return super(_RealPart, self).proximal(y, z, rho).real.astype(z.dtype)

        return step


def _normalized(denoiser, x, sigma):
    """Denoises between the extremes as [0, 1], widened a little about the middle."""
    x = x.real
    low, high = x.min(), x.max()
    widened = ((x - low) / (high - low) - 0.5) * (1 + sigma / 2) + 0.5
    narrowed = (denoiser(widened, sigma) - 0.5) / (1 + sigma / 2) + 0.5
    return narrowed * (high - low) + low
