"""Networks that tell images apart."""

from imaging_jax.models.classification.cnn import CNN
from imaging_jax.models.classification.mlp import MLP
from imaging_jax.models.classification.roles import Classifier
from imaging_jax.models.classification.swin import Swin
from imaging_jax.models.classification.vit import ViT, resize_positions

__all__ = ["CNN", "MLP", "Classifier", "Swin", "ViT", "resize_positions"]
