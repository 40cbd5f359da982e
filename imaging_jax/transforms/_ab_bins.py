"""Colours of CIELAB as classes: bins of (a, b), and the way back."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax.transforms._lab import rgb_to_lab

_LEVELS = 256


@functools.cache
def ab_bins(spacing: int = 10) -> np.ndarray:
    """The centres of the bins of (a, b) in which colours of sRGB lie.

    Bins are squares around the multiples of the spacing. 261 of them hold a colour of the sRGB
    cube; the paper's file of 313 centres counts others.

    Args:
      spacing: side of a bin.

    Returns:
      ``(Q, 2)``, by a, then by b.

    Raises:
      ValueError: where the spacing isn't positive.

    Source: Zhang, Isola, Efros, "Colorful image colorization", ECCV 2016, section 2.1.
    """
    if not spacing > 0:
        raise ValueError(f"spacing: expected one above 0, got {spacing}")
    # A line of colours of one (a, b) leaves the cube through its faces: these hold every pair.
    levels = np.linspace(0, 1, _LEVELS, dtype=np.float32)
    first, second = np.meshgrid(levels, levels)
    faces = [
        np.insert(np.stack([first, second], axis=-1), channel, end, axis=-1)
        for channel in range(3)
        for end in (0, 1)
    ]
    with jax.ensure_compile_time_eval():
        lab = np.asarray(rgb_to_lab(np.stack(faces)))
    cells = np.unique(np.round(lab[..., 1:].reshape(-1, 2) / spacing).astype(int), axis=0)
    centres = np.float32(spacing * cells)
    centres.setflags(write=False)
    return centres


def soft_encode(
    ab: jax.Array, centres: jax.Array, nearest: int = 10, sigma: float = 5.0
) -> jax.Array:
    """Shares each colour out among its nearest bins, by a Gaussian of the distance.

    Args:
      ab: ``(..., D)``, D = 2 for colours.
      centres: ``(Q, D)``.
      nearest: bins that get a share; 10 in the authors' code.
      sigma: of the Gaussian, in the units of ``ab``.

    Returns:
      ``(..., Q)``, which sum to 1.

    Raises:
      ValueError: fewer than 1 bin or more than there are, coordinates of another number, or a sigma
        that isn't positive.

    Source: Zhang, Isola, Efros, ECCV 2016, section 2.1.
    """
    centres = jnp.asarray(centres)
    if centres.ndim != 2 or ab.shape[-1] != centres.shape[-1]:
        raise ValueError(
            f"ab, centres: expected (..., D) and (Q, D), got {ab.shape}, {centres.shape}"
        )
    if not 1 <= nearest <= len(centres):
        raise ValueError(f"nearest: expected 1 to {len(centres)} bins, got {nearest}")
    if not sigma > 0:
        raise ValueError(f"sigma: expected one above 0, got {sigma}")
    squares = jnp.sum((ab[..., None, :] - centres) ** 2, axis=-1)
    closest, places = jax.lax.top_k(-squares, nearest)
    shares = jax.nn.softmax(closest / (2 * sigma**2), axis=-1)
    return jnp.put_along_axis(jnp.zeros_like(squares), places, shares, axis=-1, inplace=False)


def rebalancing_weights(prior: jax.Array, uniform: float = 0.5) -> jax.Array:
    """Weights by which rare colours count more, whose mean under the prior is 1.

    Args:
      prior: ``(Q,)``, how often each bin is met, which sums to 1.
      uniform: share of a uniform distribution over the bins that are met, mixed into the prior.

    Returns:
      ``(Q,)``; bins that are never met count as the rarest would.

    Raises:
      ValueError: a prior of another shape, or a share outside of (0, 1].

    Source: Zhang, Isola, Efros, ECCV 2016, equation 4.
    """
    prior = jnp.asarray(prior)
    if prior.ndim != 1:
        raise ValueError(f"prior: expected (Q,), got {prior.shape}")
    if not 0 < uniform <= 1:
        raise ValueError(f"uniform: expected a share in (0, 1], got {uniform}")
    weights = 1 / ((1 - uniform) * prior + uniform / jnp.sum(prior > 0))
    return weights / jnp.sum(prior * weights)


def annealed_mean(logits: jax.Array, centres: jax.Array, temperature: float = 0.38) -> jax.Array:
    """The mean colour of a distribution over bins, sharpened by a temperature.

    A temperature of 1 takes the mean, one towards 0 the mode.

    Args:
      logits: ``(..., Q)``, of which the logarithms of probabilities are a case.
      centres: ``(Q, D)``, D = 2 for colours.
      temperature: by which the logits are divided.

    Returns:
      ``(..., D)``.

    Raises:
      ValueError: bins of another number, or a temperature that isn't positive.

    Source: Zhang, Isola, Efros, ECCV 2016, equation 5.
    """
    centres = jnp.asarray(centres)
    if centres.ndim != 2 or logits.shape[-1] != len(centres):
        raise ValueError(
            f"logits, centres: expected (..., Q) and (Q, D), got {logits.shape}, {centres.shape}"
        )
    if not temperature > 0:
        raise ValueError(f"temperature: expected one above 0, got {temperature}")
    weights = jax.nn.softmax(logits / temperature, axis=-1)
    return jnp.matmul(weights, centres, precision="highest")
