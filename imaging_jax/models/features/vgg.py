from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import Conv, check_channels

# Of every block: how many convolutions, and their channels.
BLOCKS = ((2, 64), (2, 128), (4, 256), (4, 512), (4, 512))
_SMALLEST = 2 ** (len(BLOCKS) - 1)

_MEAN = (0.485, 0.456, 0.406)
_DEVIATION = (0.229, 0.224, 0.225)


class VGG19(nn.Module):
    """The convolutions of VGG-19, whose activations are compared in perceptual losses.

    20,024,384 parameters. Kernels start He normal; `imaging_jax.pretrained.load_vgg19` reads
    trained ones.

    Attributes:
        mean: RGB that is subtracted from images in [0, 1]; ImageNet's by default.
        deviation: RGB by which that is divided; ImageNet's by default.
        dtype: type of computation; parameters are float32.
        precision: of the convolutions.

    Raises:
        ValueError: on images that aren't RGB, or smaller than 16x16.

    Source: Simonyan, Zisserman, "Very Deep Convolutional Networks for Large-Scale Image
    Recognition", ICLR 2015, table 1, column E.
    """

    mean: tuple[float, float, float] = _MEAN
    deviation: tuple[float, float, float] = _DEVIATION
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    takes: ClassVar[tuple[str, ...]] = ("image",)
    channels: ClassVar[int] = 3

    @nn.compact
    def __call__(self, x: jax.Array) -> dict[str, jax.Array]:
        """Returns the maps "relu1_1" to "relu5_4" of ``(..., H, W, 3)``, RGB in [0, 1].

        "relu{i}_{j}" is that of the j-th convolution of block i after its ReLU; its sides are
        those of the image divided by 2^(i - 1), rounded down. SRGAN's VGG22 is "relu2_2", its
        VGG54 "relu5_4". Compiled, what is not used is not computed.
        """
        check_channels(x, self.channels, "VGG19")
        if min(x.shape[-3:-1]) < _SMALLEST:
            raise ValueError(
                f"VGG19: x must have at least {_SMALLEST}x{_SMALLEST} pixels, got {x.shape}"
            )
        y = (x - jnp.asarray(self.mean, x.dtype)) / jnp.asarray(self.deviation, x.dtype)
        maps = {}
        for block, (convolutions, width) in enumerate(BLOCKS, start=1):
            if block > 1:
                y = nn.max_pool(y, (2, 2), (2, 2))
            for index in range(1, convolutions + 1):
                y = Conv(
                    width,
                    (3, 3),
                    kernel_init=nn.initializers.he_normal(),
                    dtype=self.dtype,
                    precision=self.precision,
                    name=f"conv{block}_{index}",
                )(y)
                y = maps[f"relu{block}_{index}"] = nn.relu(y)
        return maps
