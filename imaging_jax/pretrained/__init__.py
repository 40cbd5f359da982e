"""Published and own weights, read into this code base's parameter trees; nothing is unpickled."""

from imaging_jax.pretrained._files import load_params, match, read, save
from imaging_jax.pretrained._weights import WEIGHTS, Weights, load

__all__ = ["WEIGHTS", "Weights", "load", "load_params", "match", "read", "save"]
