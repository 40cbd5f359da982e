"""Networks that tell images apart."""

from imaging_jax.models.classification.cnn import CNN
from imaging_jax.models.classification.mlp import MLP

__all__ = ["CNN", "MLP"]
