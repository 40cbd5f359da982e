"""How far codes of tiles lie from those of the same places before."""

from collections.abc import Callable

import jax
import jax.numpy as jnp


def cosine_change(before: jax.Array, after: jax.Array) -> jax.Array:
    """Half of one minus the largest cosine between a code and those before: 0 to 1.

    Args:
        before: ``(k, ..., D)``, codes of k dates.
        after: ``(..., D)``.

    Returns:
        ``(...)``. A code of zeros is at a right angle to all.

    Source: Růžička et al., "RaVÆn", Scientific Reports 12, 2022, equation 1.
    """
    before, after = (_unit(codes) for codes in (before, after))
    return (1 - jnp.max(jnp.sum(before * after, axis=-1), axis=0)) / 2


def euclidean_change(before: jax.Array, after: jax.Array) -> jax.Array:
    """The least distance between a code and those before; arguments as of `cosine_change`."""
    return jnp.min(jnp.linalg.norm(before - after, axis=-1), axis=0)


def kl_change(before: tuple[jax.Array, jax.Array], after: tuple[jax.Array, jax.Array]) -> jax.Array:
    """The Kullback-Leibler divergence of a Gaussian from that of the last date, in nats.

    Args:
        before: means and log-variances, each ``(k, ..., D)``, of which the last date counts.
        after: likewise, each ``(..., D)``.

    Returns:
        ``(...)``.
    """
    (mean, log_variance), (past, past_log_variance) = after, (x[-1] for x in before)
    squares = (mean - past) ** 2 * jnp.exp(-past_log_variance)
    ratio = log_variance - past_log_variance
    return jnp.sum(jnp.exp(ratio) - 1 - ratio + squares, axis=-1) / 2


def wasserstein_change(
    before: tuple[jax.Array, jax.Array], after: tuple[jax.Array, jax.Array]
) -> jax.Array:
    """The squared 2-Wasserstein distance of Gaussians; arguments as of `kl_change`."""
    (mean, log_variance), (past, past_log_variance) = after, (x[-1] for x in before)
    deviations = jnp.exp(log_variance / 2) - jnp.exp(past_log_variance / 2)
    return jnp.sum((mean - past) ** 2 + deviations**2, axis=-1)


def _of_means(change: Callable) -> Callable:
    return lambda before, after: change(before[0], after[0])


CHANGES: dict[str, Callable] = {
    "cosine": _of_means(cosine_change),
    "euclidean": _of_means(euclidean_change),
    "kl": kl_change,
    "wasserstein": wasserstein_change,
}
"""By name: of (means, log-variances) before and after."""


def _unit(codes):
    norm = jnp.linalg.norm(codes, axis=-1, keepdims=True)
    return codes / jnp.where(norm > 0, norm, 1)
