"""Operators and solvers in turns with numpy, scipy, scikit-image and whatever DeepInverse is there.

All sides take the same float32 arrays; ours includes no compilation. scikit-image's adjoint of the
Radon transform is driven by pixels and scaled, and its TV iteration is Chambolle's: the work is
alike, the numbers aren't.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pywt
import scipy.fft
import scipy.sparse.linalg
import skimage.restoration
import skimage.transform

from benchmarks import deepinverse, machine, operator_cases
from benchmarks.operator_cases import OURS, Case, image, ours
from benchmarks.phase_retrieval import phase_retrieval_case
from benchmarks.timing import Subject, ratio, spread, take_turns
from imaging_jax import operators, solvers
from imaging_jax.models.restoration import FFDNet, as_denoiser
from imaging_jax.transforms import wavelet_decompose, wavelet_reconstruct
from train.engine.provenance import provenance

_KERNEL = np.asarray(operators.gaussian_kernel(25, 1.6))
_VIEWS = np.arange(180.0)


def _transfer_function(size: int) -> np.ndarray:
    return np.asarray(operators.optical_transfer_function(_KERNEL, (size, size)))[
        :, : size // 2 + 1
    ]


def blur_case(size: int) -> Case:
    """Circular blur and its adjoint."""
    x, otf = image(size), _transfer_function(size)

    def scipys():
        y = scipy.fft.irfft2(otf * scipy.fft.rfft2(x, workers=-1), workers=-1)
        return scipy.fft.irfft2(otf.conj() * scipy.fft.rfft2(y, workers=-1), workers=-1)

    A = operators.Blur(_KERNEL, in_shape=(size, size, 1))
    programs = {OURS: ours(lambda x: A.H(A(x)), x), "scipy": scipys}
    return Case(f"blur + adjoint {size}²", programs | deepinverse.blur(x, _KERNEL))


def masked_fourier_case(size: int) -> Case:
    """Masked Fourier transform and its adjoint."""
    x = image(size)
    mask = (np.random.default_rng(1).random((size, size)) < 0.3).astype(np.float32)

    def scipys():
        y = mask * scipy.fft.fft2(x, norm="ortho", workers=-1)
        return scipy.fft.ifft2(mask * y, norm="ortho", workers=-1).real

    A = operators.MaskedFourier(mask, in_shape=(size, size, 1))
    return Case(
        f"masked Fourier + adjoint {size}²", {OURS: ours(lambda x: A.H(A(x)), x), "scipy": scipys}
    )


def wavelet_case(size: int) -> Case:
    """Three levels of the Daubechies wavelet db4, there and back."""
    x = image(size)

    def pywts():
        return pywt.waverec2(pywt.wavedec2(x, "db4", "periodization", 3), "db4", "periodization")

    def both(x):
        return wavelet_reconstruct(wavelet_decompose(x, "db4", 3), "db4")

    return Case(f"wavelet db4 and back {size}²", {OURS: ours(both, x), "PyWavelets": pywts})


def radon_case(size: int) -> Case:
    """Radon transform over 180 angles and its adjoint."""
    x = image(size)

    def skimages():
        y = skimage.transform.radon(x, _VIEWS, circle=True)
        return skimage.transform.iradon(y, _VIEWS, filter_name=None)

    A = operators.Radon(_VIEWS.astype(np.float32), in_shape=(size, size, 1))
    programs = {OURS: ours(lambda x: A.H(A(x)), x), "scikit-image": skimages}
    return Case(f"Radon + adjoint {size}² x 180", programs | deepinverse.radon(x, _VIEWS))


def conjugate_gradient_case(size: int, iterations: int) -> Case:
    """Conjugate gradients on the normal equations of a circular blur."""
    x, otf = image(size), _transfer_function(size)
    spectrum = np.abs(otf) ** 2 + np.float32(1e-4)

    def normal(v):
        image = v.reshape(size, size)
        return scipy.fft.irfft2(spectrum * scipy.fft.rfft2(image, workers=-1), workers=-1).ravel()

    matrix = scipy.sparse.linalg.LinearOperator((size**2, size**2), normal, dtype=np.float32)

    def scipys():
        start = scipy.fft.irfft2(otf.conj() * scipy.fft.rfft2(x, workers=-1), workers=-1)
        return scipy.sparse.linalg.cg(matrix, start.ravel(), rtol=0.0, maxiter=iterations)

    A = operators.Blur(_KERNEL, in_shape=(size, size, 1))

    def solve(y):
        limits = {"tolerance": 0.0, "max_iterations": iterations}
        return solvers.conjugate_gradient(A, y, 1e-4, **limits).x

    programs = {OURS: ours(solve, x), "scipy": scipys}
    return Case(
        f"CG {iterations} iterations {size}²",
        programs | deepinverse.conjugate_gradient(x, _KERNEL, iterations),
    )


def total_variation_case(size: int, iterations: int) -> Case:
    """Total-variation denoising with a fixed number of iterations."""
    x = image(size)

    def skimages():
        return skimage.restoration.denoise_tv_chambolle(x, 0.1, eps=0.0, max_num_iter=iterations)

    def solve(y):
        return solvers.tv_denoise(y, 0.1, tolerance=0.0, max_iterations=iterations).x

    programs = {OURS: ours(solve, x), "scikit-image": skimages}
    return Case(
        f"TV {iterations} iterations {size}²",
        programs | deepinverse.total_variation(x, 0.1, iterations),
    )


def plug_and_play_case(size: int, iterations: int) -> Case:
    """Deblurring by DPIR's iteration with an untrained FFDNet, as fast as a trained one."""
    x = image(size)
    network = FFDNet()
    variables = jax.jit(network.init)(jax.random.key(0), jnp.zeros((1, 16, 16, 1)), 0.1)
    A = operators.Blur(_KERNEL, in_shape=(size, size, 1))
    sigmas, rhos = solvers.dpir_schedule(2.55 / 255, iterations=iterations)
    denoiser = as_denoiser(network, variables)
    programs = {OURS: ours(lambda y: solvers.pnp_hqs(A, y, denoiser, sigmas, rhos, y).x, x)}
    layers = jax.tree.map(np.asarray, variables["params"])
    return Case(
        f"plug-and-play {iterations} iterations {size}²",
        programs | deepinverse.plug_and_play(x, _KERNEL, layers, sigmas, rhos),
    )


def cases() -> list[Case]:
    """The rows at full size."""
    return [
        blur_case(512),
        masked_fourier_case(512),
        wavelet_case(512),
        *operator_cases.cases(512),
        radon_case(256),
        conjugate_gradient_case(512, 100),
        total_variation_case(512, 200),
        plug_and_play_case(256, 8),
        phase_retrieval_case(128, 30, 64),
    ]


def benchmark_solving(rows: list[Case], rounds: int, seconds: float) -> dict[str, Any]:
    """Times every row, its programs in turns.

    Args:
      rows: see `cases`.
      rounds: chunks of calls of each program.
      seconds: about how long a chunk lasts.

    Returns:
      Where it was measured, and {row: {who: seconds and their ratio to ours}}, ready for JSON.

    Raises:
      ValueError: fewer than 1 round.
    """
    if rounds < 1:
        raise ValueError(f"--rounds={rounds}: wanted at least 1")
    load, others = machine.load(), machine.Others()
    report: dict[str, Any] = {**provenance(), "rounds": rounds, "load": load, "rows": {}}
    for case in rows:
        subjects = [Subject(name, _repeat(run)) for name, run in case.programs.items()]
        times = take_turns(subjects, rounds, seconds)
        report["rows"][case.name] = {
            name: {
                "seconds": spread(found).as_dict(),
                "over_ours": ratio(found, times[OURS]).as_dict(),
            }
            for name, found in times.items()
        }
    load["others"] = others.cores()
    return report


def _repeat(program: Callable[[], Any]) -> Callable[[int], None]:
    def run(calls: int) -> None:
        for _ in range(calls):
            program()

    return run


def solving_lines(report: dict[str, Any]) -> list[str]:
    """Renders what `benchmark_solving` returns."""
    load = report["load"]
    found = [
        f"{report['device']}; load before: {load['load_average']:.1f} programs on "
        f"{load['cores']} cores",
        f"rounds in turns: {report['rounds']}; ratios are of seconds in the same round: above 1, "
        "ours is faster",
        f"{'':44s}{'':14s}{'ms':>10s}{'/ ours':>9s}{'quartiles':>18s}",
    ]
    for row, programs in report["rows"].items():
        for name, timed in programs.items():
            over = timed["over_ours"]
            quartiles = f"{over['low']:.2f} to {over['high']:.2f}"
            milliseconds = 1e3 * timed["seconds"]["median"]
            found.append(
                f"{row:44s}{name:14s}{milliseconds:10.1f}{over['median']:9.2f}{quartiles:>18s}"
            )
    return found
