import jax
import jax.numpy as jnp
import numpy as np


def as_features(name: str, x: jax.Array, least: int = 1) -> jax.Array:
    """Returns ``x`` as a jax array; ValueError unless real ``(N, D)`` with N at least `least`."""
    if np.ndim(x) != 2 or np.shape(x)[0] < least or np.shape(x)[1] < 1:
        raise ValueError(
            f"{name}: expected shape (N, D) with N at least {least}, got {np.shape(x)}"
        )
    x = jnp.asarray(x)
    if not jnp.issubdtype(x.dtype, jnp.floating):
        raise ValueError(f"{name}: expected real floating point, got {x.dtype}")
    return x


def check_same_width(name1: str, x1: jax.Array, name2: str, x2: jax.Array) -> None:
    """Raises ValueError unless two sets of features have as many numbers a row."""
    if x1.shape[-1] != x2.shape[-1]:
        raise ValueError(
            f"{name2}: expected {x1.shape[-1]} numbers a row as in {name1}, got {x2.shape[-1]}"
        )
