"""Networks that learn features of images without labels, and the heads behind them."""

from imaging_jax.models.self_supervision.colorization import Colorization
from imaging_jax.models.self_supervision.context_free_network import ContextFreeNetwork
from imaging_jax.models.self_supervision.heads import PredictionHead, ProjectionHead
from imaging_jax.models.self_supervision.masked_autoencoder import (
    MaskedAutoencoder,
    grid_positions,
    to_patches,
)
from imaging_jax.models.self_supervision.relative_location import RelativeLocation
from imaging_jax.models.self_supervision.resnet_encoder import ResNetEncoder
from imaging_jax.models.self_supervision.roles import Encoder

__all__ = [
    "Colorization",
    "ContextFreeNetwork",
    "Encoder",
    "MaskedAutoencoder",
    "PredictionHead",
    "ProjectionHead",
    "RelativeLocation",
    "ResNetEncoder",
    "grid_positions",
    "to_patches",
]
