"""Published and own weights, read into this code base's parameter trees; nothing is unpickled."""

from imaging_jax.pretrained._catalogue import WEIGHTS, Weights
from imaging_jax.pretrained._features import load_features
from imaging_jax.pretrained._files import load_params, match, metadata, read, save
from imaging_jax.pretrained._vgg19 import load_vgg19
from imaging_jax.pretrained._weights import load, origin

__all__ = [
    "WEIGHTS",
    "Weights",
    "load",
    "load_features",
    "load_params",
    "load_vgg19",
    "match",
    "metadata",
    "origin",
    "read",
    "save",
]
