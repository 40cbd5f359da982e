"""Networks that draw images, and their opponents and encoders, one file a published system."""

from imaging_jax.models.generative.autoencoder import ConvolutionalAutoencoder, DenseAutoencoder
from imaging_jax.models.generative.conv_gan import ConvDiscriminator, ConvGenerator
from imaging_jax.models.generative.dcgan import DCGANDiscriminator, DCGANGenerator
from imaging_jax.models.generative.gan_mlp import MLPDiscriminator, MLPGenerator
from imaging_jax.models.generative.gaussian import (
    GaussianModel,
    GaussianPerClass,
    fit_gaussian,
    fit_gaussian_per_class,
)
from imaging_jax.models.generative.roles import (
    Autoencoder,
    Discriminator,
    Generator,
    StyleGenerator,
)
from imaging_jax.models.generative.stylegan2 import StyleGAN2Discriminator, StyleGAN2Generator
from imaging_jax.models.generative.tensorflow_dcgan import (
    TensorFlowDCGANDiscriminator,
    TensorFlowDCGANGenerator,
)
from imaging_jax.models.generative.tfgan import TFGANDiscriminator, TFGANGenerator
from imaging_jax.models.generative.vae import VAE

__all__ = [
    "VAE",
    "Autoencoder",
    "ConvDiscriminator",
    "ConvGenerator",
    "ConvolutionalAutoencoder",
    "DCGANDiscriminator",
    "DCGANGenerator",
    "DenseAutoencoder",
    "Discriminator",
    "GaussianModel",
    "GaussianPerClass",
    "Generator",
    "MLPDiscriminator",
    "MLPGenerator",
    "StyleGAN2Discriminator",
    "StyleGAN2Generator",
    "StyleGenerator",
    "TFGANDiscriminator",
    "TFGANGenerator",
    "TensorFlowDCGANDiscriminator",
    "TensorFlowDCGANGenerator",
    "fit_gaussian",
    "fit_gaussian_per_class",
]
