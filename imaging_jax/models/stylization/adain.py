from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import check_channels
from imaging_jax.models.stylization._mirrored_vgg import decode

# Block, place in it and output channels, of VGG-19's convolutions from conv4_1 backwards.
_LAYERS = (
    (4, 1, 256),
    (3, 4, 256),
    (3, 3, 256),
    (3, 2, 256),
    (3, 1, 128),
    (2, 2, 128),
    (2, 1, 64),
    (1, 2, 64),
    (1, 1, 3),
)


class AdaINDecoder(nn.Module):
    """AdaIN's decoder: makes an image of VGG-19's "relu4_1", whose layers it mirrors.

    3,505,219 parameters. Kernels start He normal. The map is that of
    `imaging_jax.transforms.adaptive_instance_normalization`.

    Attributes:
        dtype: type of computation; parameters are float32.
        precision: of the convolutions.

    Raises:
        ValueError: on maps of other channels or smaller than 2x2.

    Source: Huang, Belongie, "Arbitrary Style Transfer in Real-time with Adaptive Instance
    Normalization", ICCV 2017, section 6.1; layers of github.com/naoto0804/pytorch-AdaIN.
    """

    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    takes: ClassVar[tuple[str, ...]] = ("features",)
    channels: ClassVar[int] = 512

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Maps ``(..., h, w, 512)`` to RGB, ``(..., 8h, 8w, 3)``, nominally in [0, 1]."""
        check_channels(x, self.channels, "AdaINDecoder")
        if min(x.shape[-3:-1]) < 2:
            raise ValueError(f"AdaINDecoder: x must have at least 2x2 pixels, got {x.shape}")
        return decode(
            x,
            _LAYERS,
            relu_at_end=False,
            kernel_init=nn.initializers.he_normal(),
            dtype=self.dtype,
            precision=self.precision,
        )
