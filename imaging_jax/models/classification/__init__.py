"""Networks that tell images apart."""

from imaging_jax.models.classification.cifar_resnet import CIFARResNet
from imaging_jax.models.classification.cnn import CNN
from imaging_jax.models.classification.densenet import DenseNet
from imaging_jax.models.classification.mlp import MLP
from imaging_jax.models.classification.resnet import ResNet
from imaging_jax.models.classification.roles import Classifier
from imaging_jax.models.classification.swin import Swin
from imaging_jax.models.classification.vit import ViT, resize_positions

__all__ = [
    "CNN",
    "MLP",
    "CIFARResNet",
    "Classifier",
    "DenseNet",
    "ResNet",
    "Swin",
    "ViT",
    "resize_positions",
]
