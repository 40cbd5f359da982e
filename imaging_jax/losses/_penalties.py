from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

Discriminator = Callable[[jax.Array], jax.Array]

# The norm's own gradient at 0 would be NaN.
_SMALLEST_SQUARE = 1e-12


def gradient_penalty(
    discriminator: Discriminator, real: jax.Array, fake: jax.Array, key: jax.Array
) -> jax.Array:
    """``mean (||∇D(x̂)|| - 1)²`` at a point x̂ drawn uniformly between each real and generated image.

    The norm is over all axes of an image. The paper adds 10 times this to the critic's loss.

    Args:
      discriminator: ``(N, H, W, C)`` to logits, each of its own image alone: no batch norm.
      real: ``(N, H, W, C)``.
      fake: the same shape.
      key: draws one weight an image.

    Returns:
      A scalar, at least 0.

    Raises:
      ValueError: where the shapes differ or aren't of a batch of images.

    Source: Gulrajani, Ahmed, Arjovsky, Dumoulin, Courville, "Improved Training of Wasserstein
    GANs", NIPS 2017, equation 3.
    """
    _check_images(real)
    if fake.shape != real.shape:
        raise ValueError(f"fake: expected the shape of real {real.shape}, got {fake.shape}")
    weight = jax.random.uniform(key, (real.shape[0], 1, 1, 1), real.dtype)
    square = _squared_gradient(discriminator, real + weight * (fake - real))
    return jnp.mean((jnp.sqrt(square + _SMALLEST_SQUARE) - 1) ** 2)


def r1_penalty(discriminator: Discriminator, real: jax.Array) -> jax.Array:
    """``mean ||∇D(x)||²`` at real images; the paper adds gamma / 2 times this.

    Args:
      discriminator: ``(N, H, W, C)`` to logits, each of its own image alone: no batch norm.
      real: ``(N, H, W, C)``.

    Returns:
      A scalar, at least 0.

    Raises:
      ValueError: on another number of axes.

    Source: Mescheder, Geiger, Nowozin, "Which Training Methods for GANs do actually Converge?",
    ICML 2018, equation 9.
    """
    _check_images(real)
    return jnp.mean(_squared_gradient(discriminator, real))


def clip_weights(params: Any, bound: float) -> Any:
    """Clips every parameter, those of norms included, to [-bound, bound].

    Args:
      params: a tree of arrays.
      bound: positive; the paper's is 0.01.

    Returns:
      The same tree.

    Raises:
      ValueError: on a bound that isn't positive.

    Source: Arjovsky, Chintala, Bottou, "Wasserstein GAN", ICML 2017, algorithm 1.
    """
    if not bound > 0:
        raise ValueError(f"bound must be positive, got {bound}")
    return jax.tree.map(lambda leaf: jnp.clip(leaf, -bound, bound), params)


def _squared_gradient(discriminator, x):
    gradient = jax.grad(lambda x: jnp.sum(discriminator(x)))(x)
    return jnp.sum(gradient**2, axis=(1, 2, 3))


def _check_images(real):
    if real.ndim != 4:
        raise ValueError(f"real: expected shape (N, H, W, C), got {real.shape}")
