from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import Conv, SpectralConv, check_at_least, check_channels


class SimpleCNN(nn.Module):
    """SimpleCNN: four 3x3 convolutions without biases predict the noise.

    74,880 parameters for grey images. With `spectral_normalization` it is RealSN-SimpleCNN, whose
    residual is nearly 1-Lipschitz, so that plug-and-play iterations with it converge.

    Attributes:
        channels: image channels.
        depth: number of convolutions, at least 2.
        features: width of the hidden layers.
        spectral_normalization: each convolution is divided by its norm as an operator.
        dtype: type of computation; parameters are float32.
        precision: of the convolutions.

    Raises:
        ValueError: on another number of channels, or a depth below 2.

    Source: Ryu, Liu, Wang, Chen, Wang, Yin, "Plug-and-Play Methods Provably Converge with Properly
    Trained Denoisers", ICML 2019, section 4.
    """

    channels: int = 1
    depth: int = 4
    features: int = 64
    spectral_normalization: bool = False
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    takes: ClassVar[tuple[str, ...]] = ("image",)

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Denoises ``(..., H, W, channels)`` in [0, 1]; ``train`` updates the estimated norms."""
        check_channels(x, self.channels, "SimpleCNN")
        check_at_least(2, "SimpleCNN", depth=self.depth)
        noise = x
        for index in range(1, self.depth + 1):
            features = self.features if index < self.depth else self.channels
            noise = self._convolution(features, f"conv{index}", train)(noise)
            noise = nn.relu(noise) if index < self.depth else noise
        return x - noise.astype(x.dtype)

    def _convolution(self, features, name, train):
        if self.spectral_normalization:
            layer = SpectralConv(features, dtype=self.dtype, precision=self.precision, name=name)
            return lambda x: layer(x, train)
        return Conv(
            features,
            (3, 3),
            use_bias=False,
            kernel_init=nn.initializers.he_normal(),
            dtype=self.dtype,
            precision=self.precision,
            name=name,
        )
