from typing import NamedTuple

import jax
import jax.numpy as jnp

_MARGIN = 1 / 6
"""Centres fall on the image enlarged by this fraction of its size on every side."""


class Leaves(NamedTuple):
    """Discs in front-to-back order, and what lies behind them.

    Attributes:
        centres: ``(leaves, 2)`` rows and columns, in pixels; pixel (0, 0) has its centre at
            (0.5, 0.5).
        radii: ``(leaves,)``, in pixels.
        colours: ``(leaves, 3)`` in [0, 1].
        background: ``(3,)`` in [0, 1].
    """

    centres: jax.Array
    radii: jax.Array
    colours: jax.Array
    background: jax.Array


def dead_leaves(
    key: jax.Array,
    shape: tuple[int, int],
    *,
    leaves: int = 160,
    radius: tuple[float, float] = (2.0, 80.0),
    exponent: float = 3.0,
    jitter: float = 0.5,
) -> jax.Array:
    """Makes a dead-leaves image: discs of random size that hide one another.

    With the radius density ∝ r^-3 the model is scale invariant and shares with photographs their
    edges, occlusions and power spectrum. The default 160 discs leave some 0.43 of a 96x96 image
    to the background; more discs fill it.

    Args:
        key: random key; ``jax.vmap`` over keys makes a batch.
        shape: (H, W).
        leaves: number of discs.
        radius: smallest and largest radius, in pixels.
        exponent: of the radius density r^-exponent, other than 1.
        jitter: half the width of the range in which colours spread about the image's own.

    Returns:
        ``(H, W, 3)`` in [0, 1].

    Raises:
        ValueError: no leaves, radii not 0 < smallest < largest, or ``exponent`` 1.

    Source: Lee, Mumford, Huang, "Occlusion models for natural images", IJCV 41, 2001; front to
    back after Kendall and Thönnes, "Perfect simulation in stochastic geometry", Pattern
    Recognition 32, 1999.
    """
    drawn = sample_leaves(
        key, shape, leaves=leaves, radius=radius, exponent=exponent, jitter=jitter
    )
    return draw_leaves(drawn, shape)


def sample_leaves(
    key: jax.Array,
    shape: tuple[int, int],
    *,
    leaves: int = 160,
    radius: tuple[float, float] = (2.0, 80.0),
    exponent: float = 3.0,
    jitter: float = 0.5,
) -> Leaves:
    """Draws the discs of `dead_leaves`, whose arguments and errors it shares.

    Radii come from the density ∝ r^-exponent by inversion, centres are uniform on the image
    enlarged by a third of its size. One colour, uniform in [0, 1]³, belongs to the whole image;
    the background has it, and every disc has it plus an offset uniform in ±``jitter``, clipped.

    Args:
        key: random key.
        shape: (H, W).
        leaves: number of discs.
        radius: smallest and largest radius, in pixels.
        exponent: of the radius density, other than 1.
        jitter: half the width of the colours' range.

    Returns:
        The discs, front to back.

    Raises:
        ValueError: as `dead_leaves`.
    """
    smallest, largest = radius
    if leaves < 1:
        raise ValueError(f"leaves must be at least 1, got {leaves}")
    if not 0 < smallest < largest:
        raise ValueError(f"radius must be 0 < smallest < largest, got {radius}")
    if exponent == 1:
        raise ValueError("exponent must differ from 1")
    radius_key, centre_key, base_key, colour_key = jax.random.split(key, 4)

    power = 1 - exponent
    quantile = jax.random.uniform(radius_key, (leaves,))
    radii = (smallest**power + quantile * (largest**power - smallest**power)) ** (1 / power)
    size = jnp.asarray(shape, radii.dtype)
    centres = size * jax.random.uniform(
        centre_key, (leaves, 2), minval=-_MARGIN, maxval=1 + _MARGIN
    )
    background = jax.random.uniform(base_key, (3,))
    offsets = jax.random.uniform(colour_key, (leaves, 3), minval=-jitter, maxval=jitter)
    return Leaves(centres, radii, jnp.clip(background + offsets, 0.0, 1.0), background)


def draw_leaves(leaves: Leaves, shape: tuple[int, int]) -> jax.Array:
    """Draws discs: each pixel shows the first disc that covers its centre, or the background.

    Args:
        leaves: the discs, front to back.
        shape: (H, W).

    Returns:
        ``(H, W, 3)``, in the range of the colours.
    """
    height, width = shape
    count = leaves.radii.shape[0]
    rows = jnp.arange(height) + 0.5
    columns = jnp.arange(width) + 0.5
    # A pixel is inside where dx² <= r² - dy²: one comparison a pixel, each side one axis only.
    half_chord = leaves.radii[:, None] ** 2 - (rows - leaves.centres[:, :1]) ** 2
    distance = (columns - leaves.centres[:, 1:]) ** 2

    # Back to front with overwriting shows the same disc as front to back, and is an elementwise
    # loop; a reduction over (leaves, H, W) takes ten times as long on CPU.
    def cover(step, visible):
        leaf = count - 1 - step
        inside = distance[leaf][None, :] <= half_chord[leaf][:, None]
        return jnp.where(inside, leaf, visible)

    visible = jax.lax.fori_loop(0, count, cover, jnp.full(shape, count), unroll=8)
    palette = jnp.concatenate([leaves.colours, leaves.background[None]])
    return palette[visible]
