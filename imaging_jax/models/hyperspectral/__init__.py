"""Networks of hyperspectral cubes, one file a published system."""

from imaging_jax.models.hyperspectral.hsid_cnn import HSIDCNN

__all__ = ["HSIDCNN"]
