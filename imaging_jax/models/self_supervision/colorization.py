from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import (
    Conv,
    TransposedConv,
    batch_norm,
    check_at_least,
    check_batch,
    check_multiples,
)
from imaging_jax.models.self_supervision.roles import Encoder

# Of each block: width in `features`, convolutions, whether the last halves the side, dilation.
_BLOCKS = (
    (1, 2, True, 1),
    (2, 2, True, 1),
    (4, 3, True, 1),
    (8, 3, False, 1),
    (8, 3, False, 2),
    (8, 3, False, 2),
    (8, 3, False, 1),
)
_KERNEL_INIT = nn.initializers.he_normal()


class Colorization(Encoder):
    """Tells the colours of a picture from its lightness, as a distribution over bins of (a, b).

    32,235,385 parameters with 313 bins.

    Attributes:
        bins: number of them, such as those of `imaging_jax.transforms.ab_bins`.
        features: channels of the first block; up to eight times as many follow.
        dtype: type of computation; parameters, features and logits are float32.
        precision: of convolutions and products.

    Raises:
        ValueError: on images of more than one channel, or sides that 8 doesn't divide.

    Source: Zhang, Isola, Efros, "Colorful Image Colorization", ECCV 2016, section 2; layers of
    github.com/richzhang/colorization.
    """

    bins: int = 313
    features: int = 64
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    takes: ClassVar[tuple[str, ...]] = ("lightness",)

    def setup(self):
        """Makes the layers."""
        check_at_least(2, "Colorization", bins=self.bins)
        check_at_least(1, "Colorization", features=self.features)
        settings = {"dtype": self.dtype, "precision": self.precision}
        self.blocks = [
            _Block(factor * self.features, *layers, **settings) for factor, *layers in _BLOCKS
        ]
        self.enlarge = TransposedConv(
            4 * self.features, use_bias=True, kernel_init=_KERNEL_INIT, **settings
        )
        self.refine = [
            Conv(4 * self.features, (3, 3), kernel_init=_KERNEL_INIT, **settings) for _ in range(2)
        ]
        self.head = Conv(self.bins, (1, 1), **settings)

    def __call__(self, lightness: jax.Array, train: bool = False) -> jax.Array:
        """Maps L ``(N, H, W, 1)`` in [0, 100] to the logits ``(N, H/4, W/4, bins)``."""
        y = nn.relu(self.enlarge(self._maps(lightness, train)))
        for layer in self.refine:
            y = nn.relu(layer(y))
        return self.head(y).astype(jnp.float32)

    def encode(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Maps L ``(N, H, W, 1)`` to features ``(N, 8 features)``, means of the last map."""
        return jnp.mean(self._maps(x, train), axis=(1, 2), dtype=jnp.float32)

    def _maps(self, lightness, train):
        check_batch(lightness, "lightness", (None, None, 1), "Colorization")
        check_multiples(lightness, 8, "Colorization")
        y = (lightness - 50) / 100
        for block in self.blocks:
            y = block(y, train)
        return y


class _Block(nn.Module):
    """Convolutions of one width, and a batch norm behind the last."""

    features: int
    count: int
    halves: bool
    dilation: int
    dtype: Any
    precision: jax.lax.PrecisionLike

    @nn.compact
    def __call__(self, x, train):
        for index in range(1, self.count + 1):
            x = Conv(
                self.features,
                (3, 3),
                strides=2 if self.halves and index == self.count else 1,
                padding=self.dilation,
                kernel_dilation=self.dilation,
                kernel_init=_KERNEL_INIT,
                dtype=self.dtype,
                precision=self.precision,
                name=f"conv{index}",
            )(x)
            x = nn.relu(x)
        return batch_norm(x, train, "norm", dtype=self.dtype)
