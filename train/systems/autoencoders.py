"""Autoencoders by name: what gives images back, for scores."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jax
import numpy as np

from imaging_jax import pretrained
from imaging_jax.models.generative import VAE, fit_gaussian
from train.config.registry import nearest
from train.data.labelled_images import labelled_images
from train.engine.folder import is_run
from train.engine.restore import load_run
from train.state.devices import at_highest_precision
from train.systems.origin import Origin, trained_here
from train.tasks.variational import bound

PCA = "pca"


def given(task: Any, clean: np.ndarray) -> jax.Array:
    """What an autoencoder is given of images: themselves, or a corruption of a fixed key."""
    return task.corrupt(jax.random.key(0), clean) if task.corrupts else clean


@cache
def pca(fitted: str, components: int) -> Callable[[np.ndarray], np.ndarray]:
    """Reproduction by so many principal components of a set."""
    model = fit_gaussian(labelled_images(fitted)[0].astype(np.float32) / 255.0, components)
    return lambda images: np.asarray(model.reconstruct(images))


@dataclass(frozen=True)
class AutoencoderSystem(Origin):
    """Something that gives images back, and where it comes from.

    Attributes, beside those of `Origin`:
      reconstruct: images (N, H, W, C) in [0, 1] -> (what is given back of them, figures of its
        own).
      image_shape: of an image.
    """

    reconstruct: Callable[[np.ndarray], tuple[jax.Array, dict]]
    image_shape: tuple[int, int, int]


def trained(run: Path) -> AutoencoderSystem:
    """The best checkpoint by validation of a run folder, else its last."""
    task, state, config = load_run(run)
    if not hasattr(task, "reconstruct"):
        raise ValueError(f"{run} holds no autoencoder")
    return AutoencoderSystem(
        config["paper"] or config["model"]["name"],
        reconstruct=lambda images: task.reconstruct(state, given(task, images)),
        image_shape=task.network.image_shape,
        precision=str(np.dtype(task.network.dtype)),
        **trained_here(run, config, state.variables(task.predicts)),
    )


def principal_components(components: str, fitted: str) -> AutoencoderSystem:
    """So many principal components of a set.

    Raises:
      ValueError: a number of components that the set hasn't.
    """
    if not components.isdigit():
        raise ValueError(f"{PCA}:{components}:{fitted}: wanted a number of components and a set")
    reproduce = pca(fitted, int(components))
    weights = f"{components}_components_of_{fitted}"
    shape = labelled_images(fitted)[0].shape[1:]
    return AutoencoderSystem(PCA, weights, lambda images: (reproduce(images), {}), shape)


def weights(name: str) -> AutoencoderSystem:
    """Published weights of a variational autoencoder."""
    entry = pretrained.WEIGHTS[name]
    network, variables = pretrained.load(name)
    measured = at_highest_precision(
        jax.jit(lambda images: bound(network, variables["params"], images))
    )

    def reconstruct(images):
        reproduced, scores = measured(images)
        return reproduced, {key: float(value) for key, value in scores.items()}

    return AutoencoderSystem(
        "vae",
        name,
        reconstruct,
        network.image_shape,
        sha256=entry.sha256,
        origin="published",
        paper=entry.paper,
    )


def autoencoder(name: str) -> AutoencoderSystem:
    """Opens an autoencoder by name.

    Args:
      name: a run folder, the name of weights of one, or "pca:<components>:<set>".

    Raises:
      ValueError: nothing of that name, with the nearest.
    """
    if is_run(Path(name)):
        return trained(Path(name))
    kind, _, rest = name.partition(":")
    if kind == PCA:
        components, _, fitted = rest.partition(":")
        return principal_components(components, fitted)
    known = [key for key, entry in pretrained.WEIGHTS.items() if entry.model is VAE]
    if name in known:
        return weights(name)
    message = nearest(name, [*known, f"{PCA}:<components>:<set>"])
    raise ValueError(f"{name!r} is no run folder and no known autoencoder; {message}")
