from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import TemporalBlocks, check_at_least, check_batch


class TCN(nn.Module):
    """A temporal convolutional network on series: 96,001 parameters for the adding problem.

    Attributes:
        channels: of the series.
        outputs: how many numbers are predicted.
        widths: of the residual blocks, of which each doubles the dilation.
        kernel_size: taps of a convolution.
        dropout: share that is dropped in training, by the stream "dropout".
        weight_norm: learn directions and lengths of the kernels apart.
        dtype: type of computation; parameters and the last layer are float32.
        precision: of the products.

    Raises:
        ValueError: on series of other channels, a size below 1, a dropout outside [0, 1).

    Source: Bai, Kolter, Koltun, "An empirical evaluation of generic convolutional and recurrent
    networks for sequence modeling", 2018, section 3, with the head on the last step.
    """

    channels: int = 2
    outputs: int = 1
    widths: tuple[int, ...] = (30,) * 8
    kernel_size: int = 7
    dropout: float = 0.0
    weight_norm: bool = True
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    takes: ClassVar[tuple[str, ...]] = ("series",)

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Maps ``(N, T, channels)`` to ``(N, outputs)``, predicted at the last step."""
        check_batch(x, "x", (None, self.channels), "TCN")
        check_at_least(1, "TCN", outputs=self.outputs, widths=min(self.widths, default=0))
        y = TemporalBlocks(
            self.widths,
            self.kernel_size,
            self.dropout,
            self.weight_norm,
            self.dtype,
            self.precision,
            name="blocks",
        )(x, train)
        head = nn.initializers.normal(0.01)
        return nn.Dense(self.outputs, kernel_init=head, precision=self.precision, name="head")(
            y[:, -1].astype(jnp.float32)
        )
