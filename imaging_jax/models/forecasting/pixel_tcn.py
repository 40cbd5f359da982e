from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.forecasting.roles import Forecaster
from imaging_jax.models.forecasting.tcn import TCN
from imaging_jax.models.layers import check_batch


class PixelTCN(Forecaster):
    """One TCN for the series of every pixel, and the last image times a learnt scalar.

    The scalar makes the start half persistence, half zero: of anomalies, that is an AR(1) process
    of one coefficient for all pixels, which the TCN corrects.

    Attributes:
        channels: of the images.
        widths: of the residual blocks.
        kernel_size: taps of a convolution.
        dropout: share that is dropped in training, by the stream "dropout".
        weight_norm: learn directions and lengths of the kernels apart.
        dtype: type of computation; parameters and the last layer are float32.
        precision: of the products.

    Raises:
        ValueError: as `TCN`.

    Source: Bai, Kolter, Koltun, 2018, as of `TCN`; the skip is this code base's own.
    """

    channels: int = 1
    widths: tuple[int, ...] = (16,) * 4
    kernel_size: int = 3
    dropout: float = 0.0
    weight_norm: bool = True
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Maps ``(N, T, H, W, channels)`` to ``(N, H, W, channels)``."""
        check_batch(x, "x", (None, None, None, self.channels), "PixelTCN")
        batch, steps, height, width, channels = x.shape
        series = jnp.moveaxis(x, 1, 3).reshape(-1, steps, channels)
        correction = TCN(
            channels,
            channels,
            self.widths,
            self.kernel_size,
            self.dropout,
            self.weight_norm,
            self.dtype,
            self.precision,
            name="tcn",
        )(series, train)
        share = self.param("persistence", nn.initializers.constant(0.5), ())
        return share * x[:, -1] + correction.reshape(batch, height, width, channels)
