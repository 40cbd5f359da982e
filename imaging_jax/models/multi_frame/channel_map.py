from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import check_channels


class ChannelMap(nn.Module):
    """An affine map of every pixel's channels: what one sensor shows, as another would show it.

    It starts as the identity.

    Attributes:
        channels: of the images.
        dtype: type of computation; parameters are float32.
        precision: of the product.

    Raises:
        ValueError: on images of other channels.
    """

    channels: int = 1
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    takes: ClassVar[tuple[str, ...]] = ("image",)

    @nn.compact
    def __call__(self, image: jax.Array, train: bool = False) -> jax.Array:
        """Maps ``(N, H, W, channels)`` to the same shape."""
        check_channels(image, self.channels, "ChannelMap")
        return nn.Dense(
            self.channels,
            kernel_init=lambda key, shape, dtype=jnp.float32: jnp.eye(*shape, dtype=dtype),
            dtype=self.dtype,
            precision=self.precision,
            name="map",
        )(image)
