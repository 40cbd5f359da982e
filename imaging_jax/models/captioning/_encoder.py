from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import Conv, batch_norm


class StridedEncoder(nn.Module):
    """A grid of features of an image: 3x3 convolutions of stride 2, each with a norm and ReLU.

    What a cell holds is told its place: a table is added to the last.

    Attributes:
        features: channels of each convolution.
        dtype: type of computation; parameters are float32.
        precision: of the convolutions.
    """

    features: tuple[int, ...]
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Maps ``(N, H, W, C)`` to ``(N, ceil(H / 2^n), ceil(W / 2^n), features[-1])``."""
        settings = {"dtype": self.dtype, "precision": self.precision}
        for index, features in enumerate(self.features, 1):
            x = Conv(features, (3, 3), strides=(2, 2), name=f"conv{index}", **settings)(x)
            x = nn.relu(batch_norm(x, train, f"norm{index}", dtype=self.dtype))
        places = self.param("places", nn.initializers.normal(0.1), x.shape[1:])
        return (x + places).astype(self.dtype)
