from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import (
    Conv,
    check_at_least,
    check_batch,
    check_standardization,
)


class FieldCNN(nn.Module):
    """Three 3x3 convolutions, 32, 32 and 1, of maps of features to a map of one quantity.

    12,161 parameters on 9 features. They are standardised, and the output turned back, by numbers
    that are given.

    Attributes:
        means: of the features.
        deviations: likewise, positive.
        target_mean: of what is wanted.
        target_deviation: likewise, positive.
        widths: of the hidden layers.
        dtype: type of computation; parameters and the last layer are float32.
        precision: of the convolutions.

    Raises:
        ValueError: as `MLPRegressor`.

    Source: this code base's own, after LeCun, Bottou, Bengio, Haffner, "Gradient-based learning
    applied to document recognition", Proceedings of the IEEE 86(11), 1998.
    """

    means: tuple[float, ...]
    deviations: tuple[float, ...]
    target_mean: float = 0.0
    target_deviation: float = 1.0
    widths: tuple[int, ...] = (32, 32)
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    takes: ClassVar[tuple[str, ...]] = ("feature_maps",)

    @property
    def channels(self) -> int:
        """How many features there are."""
        return len(self.means)

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Maps ``(N, H, W, channels)`` to ``(N, H, W, 1)``; ``train`` changes nothing."""
        check_batch(x, "x", (None, None, self.channels), "FieldCNN")
        check_standardization("FieldCNN", self.means, self.deviations, self.target_deviation)
        check_at_least(1, "FieldCNN", widths=min(self.widths, default=1))
        y = (x - jnp.array(self.means)) / jnp.array(self.deviations)
        for width in self.widths:
            y = nn.relu(Conv(width, (3, 3), dtype=self.dtype, precision=self.precision)(y))
        y = Conv(1, (3, 3), dtype=jnp.float32, precision=self.precision)(y)
        return self.target_mean + self.target_deviation * y
