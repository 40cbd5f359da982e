from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax.metrics._pairs import shaved_pair
from imaging_jax.metrics._safe_sqrt import safe_sqrt

# Of images in [-1, 1]; together with that range, the ImageNet mean and deviation of the backbones.
_SHIFT = np.array([-0.030, -0.088, -0.188])
_SCALE = np.array([0.458, 0.448, 0.450])


@dataclass(frozen=True)
class LPIPSNetwork:
    """Where LPIPS reads a backbone of torchvision.

    Attributes:
      cuts: the activations are the outputs of ``features[:cut]``.
      channels: of the activations.
    """

    cuts: tuple[int, ...]
    channels: tuple[int, ...]


LPIPS_NETWORKS = {
    "alex": LPIPSNetwork((2, 5, 8, 10, 12), (64, 192, 384, 256, 256)),
    "vgg": LPIPSNetwork((4, 9, 16, 23, 30), (64, 128, 256, 512, 512)),  # VGG-16
    "squeeze": LPIPSNetwork((2, 5, 8, 10, 11, 12, 13), (64, 128, 256, 384, 384, 512, 512)),  # 1.1
}


def lpips(
    reference: jax.Array,
    estimate: jax.Array,
    features: Callable[[jax.Array], Sequence[jax.Array]],
    weights: Sequence[jax.Array],
) -> jax.Array:
    """Learned perceptual image patch similarity LPIPS, version 0.1; smaller is more alike.

    At every activation of a network the spectra of the pixels are made unit vectors (their norm
    plus 1e-10), their squared differences are weighted over the channels and averaged over the
    pixels; the distance is the sum over the activations.

    Args:
      reference: ``(..., H, W, 3)``, RGB in [0, 1].
      estimate: the same shape.
      features: maps an RGB image ``(..., H, W, 3)``, of which the ImageNet mean is subtracted and
        which is divided by the ImageNet deviation (so in about [-2.2, 2.7]), to the activations
        ``(..., h, w, C)``: those of `LPIPS_NETWORKS` for the published weights.
      weights: ``(C,)`` for every activation, not negative, such as `lpips_weights` reads.

    Returns:
      ``(...)``, at least 0.

    Raises:
      ValueError: where the shapes differ, the images aren't real floating point or not RGB, or the
        activations and their channels aren't those of ``weights``.

    Zhang, Isola, Efros, Shechtman, Wang, "The unreasonable effectiveness of deep features as a
    perceptual metric", CVPR 2018, equation 1.
    """
    pair = shaved_pair(reference, estimate, 0)
    if pair[0].shape[-1] != 3:
        raise ValueError(f"reference: expected shape (..., H, W, 3), got {pair[0].shape}")
    references, estimates = (features(_standardised(image)) for image in pair)
    _check_activations(references, weights)
    return sum(map(_distance, references, estimates, weights))


def lpips_weights(arrays: Mapping[str, np.ndarray], network: str) -> list[np.ndarray]:
    """Maps the published linear layers to the weights of `lpips`.

    Args:
      arrays: ``lin{i}.model.1.weight`` of shape (1, C, 1, 1), as `imaging_jax.pretrained.read`
        gives them of a published file.
      network: the backbone they were made for, a name in `LPIPS_NETWORKS`.

    Returns:
      A list of arrays ``(C,)``, in the order of the activations.

    Raises:
      ValueError: where there is no such network, or the layers aren't those of it.
    """
    if network not in LPIPS_NETWORKS:
        raise ValueError(f"network: expected one of {', '.join(LPIPS_NETWORKS)}, got {network!r}")
    channels = LPIPS_NETWORKS[network].channels
    shapes = {f"lin{i}.model.1.weight": (1, C, 1, 1) for i, C in enumerate(channels)}
    found = {name: np.shape(array) for name, array in arrays.items()}
    if found != shapes:
        raise ValueError(f"arrays: expected those of {network}, {shapes}, got {found}")
    return [np.asarray(arrays[name]).reshape(-1) for name in shapes]


def _standardised(image):
    shift, scale = (jnp.asarray(values, image.dtype) for values in (_SHIFT, _SCALE))
    return (2 * image - 1 - shift) / scale


def _distance(x, y, weights):
    squares = (_directions(x) - _directions(y)) ** 2
    weighted = jnp.sum(jnp.asarray(weights, squares.dtype) * squares, axis=-1)
    return jnp.mean(weighted, axis=(-2, -1))


def _directions(x):
    # After a ReLU a pixel may well be 0 in all channels, where the norm has no derivative.
    return x / (safe_sqrt(jnp.sum(x**2, axis=-1, keepdims=True)) + 1e-10)


def _check_activations(activations, weights):
    found = [activation.shape[-1] for activation in activations]
    for layer_weights in weights:
        if np.ndim(layer_weights) != 1:
            raise ValueError(f"weights: expected shapes (C,), got {np.shape(layer_weights)}")
    wanted = [np.size(layer_weights) for layer_weights in weights]
    if found != wanted:
        raise ValueError(
            f"features: expected activations of as many channels as weights {wanted}, got {found}"
        )
