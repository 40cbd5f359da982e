"""Networks of hyperspectral cubes, one file a published system."""

from imaging_jax.models.hyperspectral.hsid_cnn import HSIDCNN
from imaging_jax.models.hyperspectral.mst import MST, back_shift
from imaging_jax.models.hyperspectral.mst_plus_plus import MSTPlusPlus
from imaging_jax.models.hyperspectral.qrnn3d import QRNN3D
from imaging_jax.models.hyperspectral.sscanet import SSCANet

__all__ = ["HSIDCNN", "MST", "QRNN3D", "MSTPlusPlus", "SSCANet", "back_shift"]
