"""Networks that restore an image at its own size, one file a published system."""

from imaging_jax.models.restoration.arcnn import ARCNN

__all__ = ["ARCNN"]
