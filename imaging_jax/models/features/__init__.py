"""Networks whose activations serve as features: judges of generated images, backbones."""

from imaging_jax.models.features.distilled_vgg import DistilledVGG19
from imaging_jax.models.features.lenet5 import LeNet5
from imaging_jax.models.features.vgg import VGG19

__all__ = ["VGG19", "DistilledVGG19", "LeNet5"]
