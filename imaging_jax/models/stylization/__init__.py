"""Networks that give images a style, and decoders of features that were given one."""

from imaging_jax.models.stylization.adain import AdaINDecoder
from imaging_jax.models.stylization.distilled_vgg_decoder import DistilledVGG19Decoder
from imaging_jax.models.stylization.fast_neural_style import FastNeuralStyle
from imaging_jax.models.stylization.fast_style_transfer import FastStyleTransfer

__all__ = ["AdaINDecoder", "DistilledVGG19Decoder", "FastNeuralStyle", "FastStyleTransfer"]
