"""Networks that tell images apart."""

from imaging_jax.models.classification.cifar_resnet import CIFARResNet
from imaging_jax.models.classification.cnn import CNN
from imaging_jax.models.classification.densenet import DenseNet
from imaging_jax.models.classification.mlp import MLP
from imaging_jax.models.classification.resnet import ResNet
from imaging_jax.models.classification.roles import Classifier

__all__ = ["CNN", "MLP", "CIFARResNet", "Classifier", "DenseNet", "ResNet"]
