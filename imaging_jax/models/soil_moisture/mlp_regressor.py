from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import check_at_least, check_batch, check_standardization


class MLPRegressor(nn.Module):
    """A multilayer perceptron of features to numbers: 8-64-64-1 has 4,801 parameters.

    Features are standardised, and the outputs turned back, by numbers that are given.

    Attributes:
        means: of the features.
        deviations: likewise, positive.
        target_mean: of what is wanted.
        target_deviation: likewise, positive.
        widths: of the hidden layers.
        outputs: how many numbers are told.
        dtype: type of computation; parameters and the last layer are float32.
        precision: of the products.

    Raises:
        ValueError: on other features, means and deviations of other numbers, a deviation that
            isn't positive, or a width below 1.

    Source: Rumelhart, Hinton, Williams, "Learning representations by back-propagating errors",
    Nature 323, 1986; ReLU of Glorot, Bordes, Bengio, AISTATS 2011.
    """

    means: tuple[float, ...]
    deviations: tuple[float, ...]
    target_mean: float = 0.0
    target_deviation: float = 1.0
    widths: tuple[int, ...] = (64, 64)
    outputs: int = 1
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    takes: ClassVar[tuple[str, ...]] = ("features",)

    @property
    def channels(self) -> int:
        """How many features there are."""
        return len(self.means)

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Maps ``(N, channels)`` to ``(N, outputs)``; ``train`` changes nothing."""
        check_batch(x, "x", (self.channels,), "MLPRegressor")
        check_standardization("MLPRegressor", self.means, self.deviations, self.target_deviation)
        check_at_least(1, "MLPRegressor", outputs=self.outputs, widths=min(self.widths, default=1))
        y = (x - jnp.array(self.means)) / jnp.array(self.deviations)
        settings = {"kernel_init": nn.initializers.he_normal(), "precision": self.precision}
        for width in self.widths:
            y = nn.relu(nn.Dense(width, dtype=self.dtype, **settings)(y))
        settings["kernel_init"] = nn.initializers.lecun_normal()
        y = nn.Dense(self.outputs, dtype=jnp.float32, **settings)(y)
        return self.target_mean + self.target_deviation * y
