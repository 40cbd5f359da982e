from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers._causal_convolution import CausalConv
from imaging_jax.models.layers._checks import check_batch, check_dropout


class TemporalBlocks(nn.Module):
    """The residual blocks of a TCN: block i has two causal convolutions of dilation 2^i.

    Each is followed by ReLU and dropout; the input is added, through a 1x1 convolution where
    widths differ, and a ReLU follows. Output t sees the last `receptive_field` inputs.

    Attributes:
        widths: of the blocks.
        kernel_size: taps of a convolution.
        dropout: share that is dropped in training, by the stream "dropout".
        weight_norm: as of `CausalConv`.
        dtype: type of computation; parameters are float32.
        precision: of the products.

    Raises:
        ValueError: on what is no series ``(N, T, C)``, a size below 1, or a dropout outside [0, 1).

    Source: Bai, Kolter, Koltun, "An empirical evaluation of generic convolutional and recurrent
    networks for sequence modeling", 2018, section 3.
    """

    widths: tuple[int, ...]
    kernel_size: int
    dropout: float = 0.0
    weight_norm: bool = True
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @property
    def receptive_field(self) -> int:
        """Steps that an output sees, its own included: 1 + 2 (k - 1) (2^L - 1)."""
        return 1 + 2 * (self.kernel_size - 1) * (2 ** len(self.widths) - 1)

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Maps ``(N, T, C)`` to ``(N, T, widths[-1])``."""
        check_batch(x, "x", (None, None), "TemporalBlocks")
        check_dropout(self.dropout, "TemporalBlocks")
        settings = {"dtype": self.dtype, "precision": self.precision}
        for index, width in enumerate(self.widths):
            y = x
            for number in (1, 2):
                y = CausalConv(
                    width,
                    self.kernel_size,
                    2**index,
                    self.weight_norm,
                    name=f"block{index + 1}_conv{number}",
                    **settings,
                )(y)
                y = nn.Dropout(self.dropout, deterministic=not train)(nn.relu(y))
            if x.shape[-1] != width:
                init = nn.initializers.normal(0.01)
                x = nn.Dense(width, kernel_init=init, name=f"block{index + 1}_skip", **settings)(x)
            x = nn.relu(x + y)
        return x
