"""Networks whose activations serve as features: judges of generated images, backbones."""

from imaging_jax.models.features.lenet5 import LeNet5

__all__ = ["LeNet5"]
