"""DeepInverse's side of the rows, where it is installed; each function returns its programs."""

from collections.abc import Callable
from typing import Any

import numpy as np

try:
    import deepinv
    import torch
except ImportError:
    deepinv = None

Programs = dict[str, Callable[[], Any]]
_NAME = "DeepInverse"


def _tensor(array: np.ndarray):
    return torch.from_numpy(np.array(array, np.float32))[None, None]


def blur(x: np.ndarray, kernel: np.ndarray) -> Programs:
    """`BlurFFT` and its adjoint."""
    if deepinv is None:
        return {}
    image = _tensor(x)
    physics = deepinv.physics.BlurFFT((1, *x.shape), filter=_tensor(kernel))
    return {_NAME: lambda: physics.A_adjoint(physics.A(image))}


def radon(x: np.ndarray, angles: np.ndarray) -> Programs:
    """`Tomography` and its adjoint."""
    if deepinv is None:
        return {}
    image = _tensor(x)
    physics = deepinv.physics.Tomography(
        angles=torch.from_numpy(angles.astype(np.float32)), img_width=x.shape[0], circle=True
    )
    return {_NAME: lambda: physics.A_adjoint(physics.A(image))}


def conjugate_gradient(y: np.ndarray, kernel: np.ndarray, iterations: int) -> Programs:
    """Its conjugate gradients on the normal equations of `BlurFFT`."""
    if deepinv is None:
        return {}
    data = _tensor(y)
    physics = deepinv.physics.BlurFFT((1, *y.shape), filter=_tensor(kernel))

    def normal(v):
        return physics.A_adjoint(physics.A(v)) + 1e-4 * v

    solve = deepinv.optim.linear.conjugate_gradient
    return {_NAME: lambda: solve(normal, physics.A_adjoint(data), max_iter=iterations, tol=0.0)}


def total_variation(y: np.ndarray, weight: float, iterations: int) -> Programs:
    """Its `TVDenoiser`."""
    if deepinv is None:
        return {}
    data = _tensor(y)
    denoiser = deepinv.models.TVDenoiser(n_it_max=iterations, crit=0.0)
    return {_NAME: lambda: denoiser(data, ths=weight)}


def plug_and_play(
    y: np.ndarray, kernel: np.ndarray, layers: dict, sigmas: np.ndarray, rhos: np.ndarray
) -> Programs:
    """Its data step in turns with an FFDNet of the same layers in PyTorch."""
    if deepinv is None:
        return {}
    data = _tensor(y)
    physics = deepinv.physics.BlurFFT((1, *y.shape), filter=_tensor(kernel))
    network = _ffdnet(layers)

    @torch.no_grad()
    def run():
        z = data
        for sigma, rho in zip(sigmas, rhos, strict=True):
            x = physics.prox_l2(z, data, 1 / float(rho))
            z = network(x, float(sigma))
        return z

    return {_NAME: run}


def _ffdnet(layers: dict):
    convolutions = []
    for index in range(1, len(layers) + 1):
        kernel = torch.from_numpy(np.array(layers[f"conv{index}"]["kernel"]).transpose(3, 2, 0, 1))
        bias = torch.from_numpy(np.array(layers[f"conv{index}"]["bias"]))
        convolutions.append((kernel.contiguous(memory_format=torch.channels_last), bias))

    def apply(x, sigma):
        y = torch.nn.functional.pixel_unshuffle(x, 2)
        y = torch.cat([y, torch.full_like(y[:, :1], sigma)], dim=1)
        y = y.contiguous(memory_format=torch.channels_last)
        for index, (kernel, bias) in enumerate(convolutions):
            y = torch.nn.functional.conv2d(y, kernel, bias, padding=1)
            y = torch.relu(y) if index < len(convolutions) - 1 else y
        return torch.nn.functional.pixel_shuffle(y, 2)

    return apply
