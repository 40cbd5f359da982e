from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np

Inverse = Literal["algebraic", "asymptotic", "exact"]


def anscombe(x: jax.Array) -> jax.Array:
    """Turns Poisson counts into values of about unit variance: ``2 sqrt(x + 3/8)``.

    Args:
      x: counts of any shape, not below -3/8, where the result would be imaginary and is 0.

    Returns:
      A real array of the same shape.

    Anscombe, "The transformation of Poisson, binomial and negative-binomial data", Biometrika
    35(3/4), 1948.
    """
    return generalized_anscombe(x, 1.0, 0.0)


def inverse_anscombe(y: jax.Array, inverse: Inverse = "exact") -> jax.Array:
    """Turns denoised values of `anscombe` back into counts.

    ``"algebraic"``: ``(y/2)² - 3/8``, biased at low counts. ``"asymptotic"``: ``(y/2)² - 1/8``,
    unbiased at high ones. ``"exact"``: unbiased everywhere, by the closed form
    ``y²/4 + sqrt(3/2)/(4 y) - 11/(8 y²) + 5 sqrt(3/2)/(8 y³) - 1/8``; 0 below ``2 sqrt(3/8)``, the
    transform of 0 counts.

    Args:
      y: denoised values of any shape.
      inverse: one of those above.

    Returns:
      Mean counts, an array of the same shape.

    Raises:
      ValueError: where ``inverse`` isn't one of those above.

    Mäkitalo, Foi, "A closed-form approximation of the exact unbiased inverse of the Anscombe
    variance-stabilizing transformation", IEEE TIP 20(9), 2011.
    """
    y = jnp.asarray(y)
    if inverse == "algebraic":
        return (y / 2) ** 2 - 3 / 8
    if inverse == "asymptotic":
        return (y / 2) ** 2 - 1 / 8
    if inverse != "exact":
        raise ValueError(f"inverse: expected 'algebraic', 'asymptotic' or 'exact', got {inverse!r}")
    root, lowest = np.sqrt(3 / 2), 2 * np.sqrt(3 / 8)
    d = jnp.maximum(y, lowest)
    counts = d**2 / 4 + root / (4 * d) - 11 / (8 * d**2) + 5 * root / (8 * d**3) - 1 / 8
    return jnp.where(y < lowest, 0, counts)


def generalized_anscombe(
    x: jax.Array,
    gain: float | jax.Array,
    sigma: float | jax.Array,
    mean: float | jax.Array = 0.0,
) -> jax.Array:
    """Stabilises ``x = gain p + n``, p Poisson and n normal, to about unit variance.

    ``(2 / gain) sqrt(max(gain x + 3/8 gain² + sigma² - gain mean, 0))``.

    Args:
      x: values of any shape.
      gain: positive, as of `poisson_gaussian_noise`.
      sigma: standard deviation of n.
      mean: of n.

    Returns:
      A real array of the same shape.

    Starck, Murtagh, Bijaoui, "Image processing and data analysis", 1998, section 2.5.
    """
    argument = gain * jnp.asarray(x) + 0.375 * gain**2 + sigma**2 - gain * mean
    # The derivative at 0 would be infinite.
    positive = argument > 0
    return jnp.where(positive, 2 / gain * jnp.sqrt(jnp.where(positive, argument, 1)), 0)


def inverse_generalized_anscombe(
    y: jax.Array,
    gain: float | jax.Array,
    sigma: float | jax.Array,
    mean: float | jax.Array = 0.0,
) -> jax.Array:
    """Turns denoised values of `generalized_anscombe` back, unbiased in closed form.

    ``gain (I(y) - (sigma / gain)²) + mean`` where I is the exact inverse of `inverse_anscombe`.

    Args:
      y: denoised values of any shape.
      gain: as of `generalized_anscombe`.
      sigma: likewise.
      mean: likewise.

    Returns:
      An array of the same shape, the mean of ``gain p + n``.

    Mäkitalo, Foi, "Optimal inversion of the generalized Anscombe transformation for
    Poisson-Gaussian noise", IEEE TIP 22(1), 2013.
    """
    return gain * (inverse_anscombe(y) - (sigma / gain) ** 2) + mean
