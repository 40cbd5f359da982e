"""Blocks that several models share."""

from imaging_jax.models.layers._activations import ACTIVATIONS, activate
from imaging_jax.models.layers._attention import MultiHeadSelfAttention, attend
from imaging_jax.models.layers._attention_blocks import ATTENTION, attention_block
from imaging_jax.models.layers._bam import BAM
from imaging_jax.models.layers._batch_norm_residual_block import BatchNormResidualBlock
from imaging_jax.models.layers._causal_convolution import CausalConv
from imaging_jax.models.layers._cbam import CBAM
from imaging_jax.models.layers._channel_attention import (
    ChannelAttention,
    ChannelMLP,
    SqueezeExcitation,
)
from imaging_jax.models.layers._checks import (
    check_at_least,
    check_batch,
    check_channels,
    check_choice,
    check_dropout,
    check_heads,
    check_images,
    check_labels,
    check_latent,
    check_multiples,
    check_standardization,
)
from imaging_jax.models.layers._conditioning import ClassPlane, ClassProjection, LatentWithClass
from imaging_jax.models.layers._convolution import DATA_AXIS, Conv, convolve
from imaging_jax.models.layers._depthwise import DepthwiseConv, SeparableConv
from imaging_jax.models.layers._equalized import EqualizedConv, EqualizedDense
from imaging_jax.models.layers._feed_forward import FeedForward
from imaging_jax.models.layers._fir import fir_blur, fir_downsample, fir_upsample
from imaging_jax.models.layers._initializers import (
    KERNEL_INITS,
    fan_in_uniform,
    normal_around_one,
    torch_kernel,
)
from imaging_jax.models.layers._local_response import local_response_norm
from imaging_jax.models.layers._lstm import LSTM
from imaging_jax.models.layers._modulated_convolution import ModulatedConv
from imaging_jax.models.layers._non_local import NonLocal, SelfAttention2D
from imaging_jax.models.layers._normalization import (
    batch_norm,
    instance_norm,
    spectral_norm,
)
from imaging_jax.models.layers._padding import pad_to_multiple
from imaging_jax.models.layers._prelu import PReLU
from imaging_jax.models.layers._resampling import adaptive_average_pool, resize_aligned
from imaging_jax.models.layers._residual_block import ResidualBlock
from imaging_jax.models.layers._resnet_backbone import RESNET_FAMILY, ResNetBackbone
from imaging_jax.models.layers._spectral_convolution import SpectralConv
from imaging_jax.models.layers._swin_block import SwinBlock
from imaging_jax.models.layers._temporal_blocks import TemporalBlocks
from imaging_jax.models.layers._transposed_convolution import TransposedConv
from imaging_jax.models.layers._upsampler import Upsampler
from imaging_jax.models.layers._volume_convolution import convolve_volumes
from imaging_jax.models.layers._weight_norm import weight_normalized

__all__ = [
    "ACTIVATIONS",
    "ATTENTION",
    "BAM",
    "CBAM",
    "DATA_AXIS",
    "KERNEL_INITS",
    "LSTM",
    "RESNET_FAMILY",
    "BatchNormResidualBlock",
    "CausalConv",
    "ChannelAttention",
    "ChannelMLP",
    "ClassPlane",
    "ClassProjection",
    "Conv",
    "DepthwiseConv",
    "EqualizedConv",
    "EqualizedDense",
    "FeedForward",
    "LatentWithClass",
    "ModulatedConv",
    "MultiHeadSelfAttention",
    "NonLocal",
    "PReLU",
    "ResNetBackbone",
    "ResidualBlock",
    "SelfAttention2D",
    "SeparableConv",
    "SpectralConv",
    "SqueezeExcitation",
    "SwinBlock",
    "TemporalBlocks",
    "TransposedConv",
    "Upsampler",
    "activate",
    "adaptive_average_pool",
    "attend",
    "attention_block",
    "batch_norm",
    "check_at_least",
    "check_batch",
    "check_channels",
    "check_choice",
    "check_dropout",
    "check_heads",
    "check_images",
    "check_labels",
    "check_latent",
    "check_multiples",
    "check_standardization",
    "convolve",
    "convolve_volumes",
    "fan_in_uniform",
    "fir_blur",
    "fir_downsample",
    "fir_upsample",
    "instance_norm",
    "local_response_norm",
    "normal_around_one",
    "pad_to_multiple",
    "resize_aligned",
    "spectral_norm",
    "torch_kernel",
    "weight_normalized",
]
