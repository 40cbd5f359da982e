"""Augmentation of patches, inside the compiled step."""

import jax
import jax.numpy as jnp


def flip_and_turn(key: jax.Array, patch: jax.Array) -> jax.Array:
    """Applies one of the eight symmetries of the square to (H, H, C), each as likely."""
    transpose, rows, columns = jax.random.bernoulli(key, shape=(3,))
    patch = jnp.where(transpose, jnp.swapaxes(patch, 0, 1), patch)
    patch = jnp.where(rows, patch[::-1], patch)
    return jnp.where(columns, patch[:, ::-1], patch)
