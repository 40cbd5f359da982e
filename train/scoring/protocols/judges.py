"""Classifiers whose features and classes stand in for an eye."""

from collections.abc import Callable
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax import pretrained

_CHUNK = 1_000


def check_judge(name: str) -> None:
    """Raises a ValueError where the weights of this name can't be opened; none is no judge."""
    if name:
        pretrained.load(name)


def look(name: str, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Features (N, D) and probabilities (N, classes) of images (N, H, W, C) in [0, 1]."""
    judge = _judge(name)
    parts = [judge(images[i : i + _CHUNK]) for i in range(0, len(images), _CHUNK)]
    features, probabilities = (np.concatenate(part) for part in zip(*parts, strict=True))
    return features, probabilities


@cache
def _judge(name: str) -> Callable:
    network, variables = pretrained.load(name)

    @jax.jit
    def judge(images):
        features = network.apply(variables, images, method="features")
        return features, jax.nn.softmax(network.apply(variables, images))

    def at_highest_precision(images):
        with jax.default_matmul_precision("highest"):
            return judge(jnp.asarray(images, jnp.float32))

    return at_highest_precision
