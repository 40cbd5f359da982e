"""Hybrid input-output from many starts at once, by numpy and by PyTorch where it is installed."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.operator_cases import OURS, Case, image
from imaging_jax import operators, solvers

try:
    import torch
except ImportError:
    torch = None

_BETA = 0.9


def phase_retrieval_case(size: int, iterations: int, starts: int) -> Case:
    """An image in a frame twice its size, from random images of their own on each side."""
    x = image(size)[..., None]
    magnitudes = operators.fourier_magnitude(x, 2.0)
    support = operators.frame_support((size, size), 2.0)
    constraint = solvers.on_support(support)

    @jax.jit
    def solve(magnitudes):
        return solvers.retrieve_phase(
            jax.random.key(0),
            magnitudes,
            constraint,
            solvers.hybrid_input_output,
            iterations=iterations,
            starts=starts,
        ).x

    frame, inside = np.asarray(magnitudes)[..., 0], np.asarray(support)
    # Of the transforms of both, which aren't normalized.
    half = 2 * size * frame[:, : size + 1]
    random = np.random.default_rng(0).random((starts, *frame.shape), np.float32)
    programs: dict[str, Callable[[], Any]] = {
        OURS: lambda: jax.block_until_ready(solve(jnp.asarray(magnitudes))),
        "numpy": lambda: _numpys(half, inside, random, iterations),
    }
    if torch is not None:
        tensors = [torch.from_numpy(np.array(array)) for array in (half, inside, random)]
        programs["PyTorch"] = lambda: _torchs(*tensors, iterations)
    return Case(f"HIO {iterations} iterations, {starts} starts {size}²", programs)


def _numpys(half, inside, z, iterations):
    shape = z.shape[1:]
    for _ in range(iterations):
        spectrum = np.fft.rfft2(z)
        spectrum *= half / np.maximum(np.abs(spectrum), np.float32(1e-12))
        w = np.fft.irfft2(spectrum, shape)
        estimate = np.where(inside, np.maximum(w, 0), 0)
        z = np.where(estimate == w, w, z - np.float32(_BETA) * w)
    residuals = np.linalg.norm(np.abs(np.fft.rfft2(estimate)) - half, axis=(1, 2))
    return estimate[np.argmin(residuals)]


def _torchs(half, inside, z, iterations):
    shape = z.shape[1:]
    for _ in range(iterations):
        spectrum = torch.fft.rfft2(z)
        spectrum *= half / spectrum.abs().clamp_min(1e-12)
        w = torch.fft.irfft2(spectrum, shape)
        estimate = torch.where(inside, w.clamp_min(0), 0)
        z = torch.where(estimate == w, w, z - _BETA * w)
    residuals = torch.linalg.norm(torch.fft.rfft2(estimate).abs() - half, axis=(1, 2))
    return estimate[residuals.argmin()]
