from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers._checks import check_at_least
from imaging_jax.models.layers._initializers import torch_kernel
from imaging_jax.models.layers._normalization import batch_norm


class NonLocal(nn.Module):
    """The non-local block with embedded Gaussians: every pixel takes part of every other.

    The batch norm of what is added starts with scales of 0, so that the block starts as the
    identity. Memory grows with the square of the number of pixels.

    Attributes:
        dtype: type of computation; parameters are float32. The softmax is float32.
        precision: of the products.

    Raises:
        ValueError: with fewer than two channels.

    Source: Wang, Girshick, Gupta, He, "Non-local Neural Networks", CVPR 2018, section 3.
    """

    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Maps ``(..., H, W, C)`` to the same shape."""
        features = x.shape[-1]
        check_at_least(2, "NonLocal", channels=features)
        settings = {"kernel_init": torch_kernel, "dtype": self.dtype, "precision": self.precision}
        theta, phi, g = (
            nn.Dense(features // 2, name=name, **settings)(x) for name in ("theta", "phi", "g")
        )
        y = _attended(theta, phi, g, self.precision)
        y = nn.Dense(features, name="out", **settings)(y)
        return x + batch_norm(y, train, "norm", zero_init=True, dtype=self.dtype)


class SelfAttention2D(nn.Module):
    """The self-attention of SAGAN: x + gamma · attention, and gamma starts as 0.

    The spectral norm of the paper's 1x1 convolutions is left out. Memory grows with the square of
    the number of pixels.

    Attributes:
        dtype: type of computation; parameters are float32. The softmax is float32.
        precision: of the products.

    Raises:
        ValueError: with fewer than eight channels.

    Source: Zhang, Goodfellow, Metaxas, Odena, "Self-Attention Generative Adversarial Networks",
    ICML 2019, section 3.
    """

    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Maps ``(..., H, W, C)`` to the same shape; ``train`` changes nothing."""
        features = x.shape[-1]
        check_at_least(8, "SelfAttention2D", channels=features)
        settings = {"kernel_init": torch_kernel, "dtype": self.dtype, "precision": self.precision}
        f, g = (nn.Dense(features // 8, name=name, **settings)(x) for name in ("f", "g"))
        h = nn.Dense(features, name="h", **settings)(x)
        gamma = self.param("gamma", nn.initializers.zeros, ())
        return x + gamma.astype(x.dtype) * _attended(g, f, h, self.precision)


def _attended(query, key, value, precision):
    """Values of all pixels, weighed for each by softmax(query · key); ``(..., H, W, d)``."""
    pixels = [z.reshape(*z.shape[:-3], -1, z.shape[-1]) for z in (query, key, value)]
    logits = jnp.einsum("...pd,...qd->...pq", *pixels[:2], precision=precision)
    weights = nn.softmax(logits.astype(jnp.float32), axis=-1).astype(value.dtype)
    mixed = jnp.einsum("...pq,...qd->...pd", weights, pixels[2], precision=precision)
    return mixed.reshape(value.shape)
