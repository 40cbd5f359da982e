from typing import NamedTuple

import jax
import jax.numpy as jnp

from imaging_jax.operators import blur as convolve
from imaging_jax.operators import gaussian_kernel
from imaging_jax.synthesis._leaf_textures import leaf_textures, sample_contrasts

_MARGIN = 1 / 6
"""Centres fall on the image enlarged by this fraction of its size on every side."""

_SHARP = 0.05
"""A Gaussian of this standard deviation changes nothing and does not divide by zero."""

_TAPS = 13
"""Three standard deviations to either side of the widest blur."""


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
    chroma: float = 0.15,
    supersampling: int = 2,
    blur: float = 0.0,
    texture: float = 0.0,
) -> jax.Array:
    """Makes a dead-leaves image: discs of random size that hide one another.

    With the radius density ∝ r^-3 the model is scale invariant and shares with photographs their
    edges, occlusions and power spectrum. The default 160 discs leave some 0.43 of a 96x96 image
    to the background; more discs fill it. With ``texture``, most discs bear a random texture:
    what networks learn on such images serves them better on photographs.

    Args:
        key: random key; ``jax.vmap`` over keys makes a batch.
        shape: (H, W).
        leaves: number of discs.
        radius: smallest and largest radius, in pixels.
        exponent: of the radius density r^-exponent, other than 1.
        jitter: largest offset of a disc's grey value from the image's own colour.
        chroma: largest further offset of each of its channels.
        supersampling: points a pixel and axis whose mean is the pixel; 1 leaves edges jagged,
            as no camera does.
        blur: largest standard deviation, in pixels and at most 2, of the Gaussian blur of the
            image, which is uniform between 0 and this.
        texture: mean contrast of the discs that have one of `leaf_textures`: its standard
            deviation, the same in all channels.

    Returns:
        ``(H, W, 3)`` in [0, 1].

    Raises:
        ValueError: no leaves, radii not 0 < smallest < largest, ``exponent`` 1, ``supersampling``
            below 1, ``blur`` outside [0, 2], or a negative ``texture``.

    Source: Lee, Mumford, Huang, "Occlusion models for natural images", IJCV 41, 2001; front to
    back after Kendall and Thönnes, "Perfect simulation in stochastic geometry", Pattern
    Recognition 32, 1999; textures after Achddou, Gousseau, Ladjal, Süsstrunk, "VibrantLeaves",
    arXiv 2504.10201, 2025.
    """
    if not 0 <= blur <= 2:
        raise ValueError(f"blur must be in [0, 2], got {blur}")
    if texture < 0:
        raise ValueError(f"texture must not be negative, got {texture}")
    leaves_key, blur_key = jax.random.split(key)
    drawn = sample_leaves(
        leaves_key,
        shape,
        leaves=leaves,
        radius=radius,
        exponent=exponent,
        jitter=jitter,
        chroma=chroma,
    )
    if texture == 0:
        image = draw_leaves(drawn, shape, supersampling=supersampling)
    else:
        image = _draw_textured(
            jax.random.fold_in(leaves_key, 1), drawn, shape, supersampling, texture
        )
    if blur > 0:
        sigma = jax.random.uniform(blur_key, minval=_SHARP, maxval=max(blur, _SHARP))
        image = convolve(image, gaussian_kernel(_TAPS, sigma), "symmetric")
    return jnp.clip(image, 0.0, 1.0)


def _draw_textured(key, leaves, shape, supersampling, texture):
    texture_key, contrast_key = jax.random.split(key)
    contrasts = sample_contrasts(contrast_key, leaves.radii.shape[0] + 1, texture)
    # A texture is constant within a pixel: contrasts are painted and averaged as colours are.
    painted = draw_leaves(
        leaves._replace(
            colours=jnp.concatenate([leaves.colours, contrasts[:-1]], axis=1),
            background=jnp.concatenate([leaves.background, contrasts[-1]]),
        ),
        shape,
        supersampling=supersampling,
    )
    textures = leaf_textures(texture_key, shape)
    return painted[..., :3] + jnp.sum(painted[..., 3:] * textures, axis=-1, keepdims=True)


def sample_leaves(
    key: jax.Array,
    shape: tuple[int, int],
    *,
    leaves: int = 160,
    radius: tuple[float, float] = (2.0, 80.0),
    exponent: float = 3.0,
    jitter: float = 0.5,
    chroma: float = 0.15,
) -> Leaves:
    """Draws the discs of `dead_leaves`, whose arguments and errors it shares.

    Radii come from the density ∝ r^-exponent by inversion, centres are uniform on the image
    enlarged by a third of its size. One colour, uniform in [0, 1]³, belongs to the whole image;
    the background has it, and every disc has it plus a grey offset uniform in ±``jitter`` and an
    offset of each channel uniform in ±``chroma``, clipped.

    Args:
        key: random key.
        shape: (H, W).
        leaves: number of discs.
        radius: smallest and largest radius, in pixels.
        exponent: of the radius density, other than 1.
        jitter: largest grey offset.
        chroma: largest further offset of each channel.

    Returns:
        The discs, front to back.

    Raises:
        ValueError: no leaves, radii not 0 < smallest < largest, or ``exponent`` 1.
    """
    smallest, largest = radius
    if leaves < 1:
        raise ValueError(f"leaves must be at least 1, got {leaves}")
    if not 0 < smallest < largest:
        raise ValueError(f"radius must be 0 < smallest < largest, got {radius}")
    if exponent == 1:
        raise ValueError("exponent must differ from 1")
    radius_key, centre_key, base_key, grey_key, chroma_key = jax.random.split(key, 5)

    power = 1 - exponent
    quantile = jax.random.uniform(radius_key, (leaves,))
    radii = (smallest**power + quantile * (largest**power - smallest**power)) ** (1 / power)
    size = jnp.asarray(shape, radii.dtype)
    centres = size * jax.random.uniform(
        centre_key, (leaves, 2), minval=-_MARGIN, maxval=1 + _MARGIN
    )
    background = jax.random.uniform(base_key, (3,))
    offsets = jax.random.uniform(grey_key, (leaves, 1), minval=-jitter, maxval=jitter)
    offsets += jax.random.uniform(chroma_key, (leaves, 3), minval=-chroma, maxval=chroma)
    return Leaves(centres, radii, jnp.clip(background + offsets, 0.0, 1.0), background)


def draw_leaves(leaves: Leaves, shape: tuple[int, int], *, supersampling: int = 1) -> jax.Array:
    """Draws discs: each point shows the first disc that covers it, or the background.

    Args:
        leaves: the discs, front to back.
        shape: (H, W).
        supersampling: points a pixel and axis, evenly spaced; their mean is the pixel.

    Returns:
        ``(H, W, C)`` for colours of C channels, in their range.

    Raises:
        ValueError: ``supersampling`` below 1.
    """
    if supersampling < 1:
        raise ValueError(f"supersampling must be at least 1, got {supersampling}")
    height, width = shape
    points = (height * supersampling, width * supersampling)
    count = leaves.radii.shape[0]
    rows = (jnp.arange(points[0]) + 0.5) / supersampling
    columns = (jnp.arange(points[1]) + 0.5) / supersampling
    # A point is inside where dx² <= r² - dy²: one comparison a point, each side one axis only.
    half_chord = leaves.radii[:, None] ** 2 - (rows - leaves.centres[:, :1]) ** 2
    distance = (columns - leaves.centres[:, 1:]) ** 2

    # Back to front with overwriting shows the same disc as front to back, and is an elementwise
    # loop; a reduction over (leaves, H, W) takes ten times as long on CPU.
    def cover(step, visible):
        leaf = count - 1 - step
        inside = distance[leaf][None, :] <= half_chord[leaf][:, None]
        return jnp.where(inside, leaf, visible)

    visible = jax.lax.fori_loop(0, count, cover, jnp.full(points, count), unroll=8)
    palette = jnp.concatenate([leaves.colours, leaves.background[None]])
    image = palette[visible]
    return image.reshape(height, supersampling, width, supersampling, -1).mean(axis=(1, 3))
