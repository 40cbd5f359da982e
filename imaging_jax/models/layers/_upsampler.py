from typing import Any

import jax
from flax import linen as nn
from flax.typing import Initializer

from imaging_jax.models.layers._convolution import Conv
from imaging_jax.transforms import depth_to_space

_STAGES = {2: (2,), 3: (3,), 4: (2, 2), 8: (2, 2, 2)}


class Upsampler(nn.Module):
    """Sub-pixel upsampling: a 3x3 convolution to features·r² channels, then the pixel shuffle.

    Scales 4 and 8 are stages of 2. Call it with ``(..., H, W, features)``; the result is
    ``(..., scale·H, scale·W, features)``. The channel order is that of `depth_to_space`.

    Raises:
        ValueError: ``scale`` is none of 2, 3, 4, 8.

    Source: Shi et al., CVPR 2016 (ESPCN), section 2.2; as staged by Lim et al., CVPRW 2017 (EDSR).
    """

    scale: int
    features: int
    kernel_init: Initializer = nn.initializers.lecun_normal()
    bias_init: Initializer = nn.initializers.zeros
    dtype: Any = None
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Maps ``(..., H, W, features)`` to ``(..., scale·H, scale·W, features)``."""
        if self.scale not in _STAGES:
            raise ValueError(f"scale must be 2, 3, 4 or 8, got {self.scale}")
        for index, factor in enumerate(_STAGES[self.scale]):
            x = Conv(
                self.features * factor**2,
                (3, 3),
                kernel_init=self.kernel_init,
                bias_init=self.bias_init,
                dtype=self.dtype,
                precision=self.precision,
                name=f"conv{index + 1}",
            )(x)
            x = depth_to_space(x, factor)
        return x
