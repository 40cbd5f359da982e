"""Arithmetic on vectors that may be trees of arrays, as the output of a stack of operators is."""

import jax
import jax.numpy as jnp


def add(x, y, scale=1.0):
    """``x + scale * y``, in the dtype of ``x``."""
    return jax.tree.map(lambda x, y: x + (scale * y).astype(x.dtype), x, y)


def inner(x, y) -> jax.Array:
    """The real inner product, over all entries."""
    # Elementwise, in full precision wherever it runs.
    products = jax.tree.map(lambda x, y: jnp.sum(jnp.real(jnp.conj(x) * y)), x, y)
    return sum(jax.tree.leaves(products))


def norm(x) -> jax.Array:
    """The two-norm, over all entries."""
    return jnp.sqrt(inner(x, x))


def divide(numerator, denominator):
    """The quotient, 0 where the denominator is 0."""
    positive = denominator != 0
    return jnp.where(positive, numerator / jnp.where(positive, denominator, 1), 0)


def relative_change(new, old) -> jax.Array:
    """``|new - old| / |new|``, the absolute change where ``new`` is 0."""
    size = norm(new)
    return norm(add(new, old, -1.0)) / jnp.where(size > 0, size, 1)
