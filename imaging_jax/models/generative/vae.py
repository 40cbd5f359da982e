from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import (
    check_at_least,
    check_images,
    check_latent,
    fan_in_uniform,
    torch_kernel,
)


class VAE(nn.Module):
    """A variational autoencoder: one hidden layer to a Gaussian of latents, one back to pixels.

    The defaults have 652,824 parameters, those with 500 hidden units 815,824. Kernels and biases
    start uniform in ±1/sqrt(fan_in).

    Attributes:
        latent: numbers in a latent vector.
        hidden: width of the hidden layers.
        image_shape: height, width and channels.
        dtype: type of computation; parameters, the Gaussian and the logits are float32.
        precision: of the products.

    Raises:
        ValueError: on another image or latent vector, or a field below 1.

    Source: Kingma, Welling, "Auto-Encoding Variational Bayes", ICLR 2014, appendix C; sizes of
    github.com/pytorch/examples, vae, and with 500 hidden units of github.com/google/flax,
    examples/vae.
    """

    latent: int = 20
    hidden: int = 400
    image_shape: tuple[int, int, int] = (28, 28, 1)
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    takes: ClassVar[tuple[str, ...]] = ("image", "key")

    @property
    def channels(self) -> int:
        """Image channels."""
        return self.image_shape[2]

    def setup(self):
        """Makes the layers."""
        check_at_least(1, type(self).__name__, latent=self.latent, hidden=self.hidden)
        height, width, channels = self.image_shape
        pixels = height * width * channels
        self.encoder = self._dense(pixels, self.hidden, self.dtype)
        self.mean = self._dense(self.hidden, self.latent, jnp.float32)
        self.log_variance = self._dense(self.hidden, self.latent, jnp.float32)
        self.decoder = self._dense(self.latent, self.hidden, self.dtype)
        self.output = self._dense(self.hidden, pixels, jnp.float32)

    def __call__(
        self, x: jax.Array, key: jax.Array, train: bool = False
    ) -> tuple[jax.Array, jax.Array, jax.Array]:
        """Encodes images, draws a latent vector for each and decodes it.

        Args:
            x: ``(N, *image_shape)`` in [0, 1].
            key: of the draw.
            train: changes nothing.

        Returns:
            Logits of the images, of their shape, and ``mean``, ``log_variance`` as of `encode`.
        """
        mean, log_variance = self.encode(x)
        noise = jax.random.normal(key, mean.shape, mean.dtype)
        z = mean + jnp.exp(0.5 * log_variance) * noise
        return self.decode_logits(z), mean, log_variance

    def encode(self, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Maps images ``(N, *image_shape)`` to mean and log-variance, each ``(N, latent)``."""
        check_images(x, self.image_shape, type(self).__name__)
        y = nn.relu(self.encoder(x.reshape(x.shape[0], -1))).astype(jnp.float32)
        return self.mean(y), self.log_variance(y)

    def decode(self, z: jax.Array) -> jax.Array:
        """Maps ``(N, latent)`` to the probabilities of pixels, ``(N, *image_shape)`` in [0, 1]."""
        return nn.sigmoid(self.decode_logits(z))

    def decode_logits(self, z: jax.Array) -> jax.Array:
        """Maps ``(N, latent)`` to the logits of pixels, ``(N, *image_shape)``."""
        check_latent(z, self.latent, type(self).__name__)
        y = nn.relu(self.decoder(z)).astype(jnp.float32)
        return self.output(y).reshape(-1, *self.image_shape)

    def _dense(self, fan_in, features, dtype):
        return nn.Dense(
            features,
            kernel_init=torch_kernel,
            bias_init=fan_in_uniform(fan_in),
            dtype=dtype,
            precision=self.precision,
        )
