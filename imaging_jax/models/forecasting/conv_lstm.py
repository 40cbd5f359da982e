from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.forecasting.roles import Forecaster
from imaging_jax.models.layers import Conv, check_at_least, check_batch


class ConvLSTMCell(nn.Module):
    """One step of a convolutional LSTM: 38,144 parameters for 32 features on grey images.

    The four gates are one convolution of input and hidden state side by side, without peepholes;
    the forget gate's bias starts at 1.

    Attributes:
        features: of hidden state and memory.
        kernel_size: of the convolution, height and width.
        dtype: type of computation; parameters and the memory are float32.
        precision: of the convolution.

    Raises:
        ValueError: a size below 1.

    Source: Shi, Chen, Wang, Yeung, Wong, Woo, "Convolutional LSTM network", NIPS 2015, section
    3.1, equation 3.
    """

    features: int
    kernel_size: int = 3
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(
        self, state: tuple[jax.Array, jax.Array], x: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        """Maps (hidden state, memory), each ``(N, H, W, features)``, and an image to the next."""
        check_at_least(1, "ConvLSTMCell", features=self.features, kernel_size=self.kernel_size)
        hidden, memory = state
        side = (self.kernel_size, self.kernel_size)
        gates = Conv(
            4 * self.features,
            side,
            bias_init=_forget_nothing,
            dtype=self.dtype,
            precision=self.precision,
            name="gates",
        )(jnp.concatenate([x.astype(hidden.dtype), hidden], axis=-1))
        enter, forget, leave, new = jnp.split(gates.astype(jnp.float32), 4, axis=-1)
        memory = nn.sigmoid(forget) * memory + nn.sigmoid(enter) * jnp.tanh(new)
        return nn.sigmoid(leave) * jnp.tanh(memory), memory


class ConvLSTM(Forecaster):
    """A convolutional LSTM over the images, and a 1x1 convolution of its last hidden state.

    Attributes:
        channels: of the images.
        features: of the hidden state.
        kernel_size: of the gates' convolution.
        skip: add the last image times a learnt scalar, which starts at 0.5.
        dtype: type of computation; parameters and the result are float32.
        precision: of the convolutions.

    Raises:
        ValueError: on images of other channels, or a size below 1.

    Source: Shi et al., NIPS 2015, as of `ConvLSTMCell`, whose encoder and forecaster are one here.
    """

    channels: int = 1
    features: int = 32
    kernel_size: int = 3
    skip: bool = False
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Maps ``(N, T, H, W, channels)`` to ``(N, H, W, channels)``; ``train`` changes nothing."""
        check_batch(x, "x", (None, None, None, self.channels), "ConvLSTM")
        settings = {"dtype": self.dtype, "precision": self.precision}
        cell = ConvLSTMCell(self.features, self.kernel_size, name="cell", **settings)
        batch, steps, height, width, _ = x.shape
        hidden = memory = jnp.zeros((batch, height, width, self.features))
        # Unrolled: inside a scan, gradients of convolutions take many times as long on CPU.
        for step in range(steps):
            hidden, memory = cell((hidden, memory), x[:, step])
        start = nn.initializers.normal(0.01)
        y = Conv(self.channels, (1, 1), kernel_init=start, name="head", **settings)(hidden)
        y = y.astype(jnp.float32)
        if self.skip:
            y = y + self.param("persistence", nn.initializers.constant(0.5), ()) * x[:, -1]
        return y


def _forget_nothing(key, shape, dtype=jnp.float32):
    del key
    return jnp.zeros(shape, dtype).at[shape[0] // 4 : shape[0] // 2].set(1)
