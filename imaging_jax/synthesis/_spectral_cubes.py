import jax
import jax.numpy as jnp

from imaging_jax._counts import check_counts
from imaging_jax.synthesis._power_law_texture import power_law_texture

# Cosines that a spectrum is made of, and how fast their amplitudes fall.
_WAVES, _FALL = 8, 1.5
# How sharply one member gives way to another, and how smooth their regions are.
_CONTRAST, _SMOOTHNESS = 12.0, 1.6


def spectral_cube(
    key: jax.Array, shape: tuple[int, int], bands: int, members: int = 6
) -> jax.Array:
    """Makes a hyperspectral cube: smooth spectra of some materials, mixed in smooth regions.

    By the linear mixing model ``x = light · abundances @ spectra``: spectra are random cosine
    series, abundances a softmax of random textures, and a last texture is the light. The matrix of
    pixels by bands has a rank of ``members`` at most.

    Args:
        key: random key.
        shape: (H, W), at least two pixels in all.
        bands: number of bands.
        members: number of materials.

    Returns:
        ``(H, W, bands)`` in [0, 1].

    Raises:
        ValueError: counts below 1, or ``shape`` holds fewer than two pixels.

    Source: Keshava, Mustard, "Spectral unmixing", IEEE Signal Processing Magazine 19(1), 2002, the
    linear mixing model.
    """
    check_counts(bands=bands, members=members)
    spectrum_key, level_key, abundance_key = jax.random.split(key, 3)
    order = jnp.arange(1, _WAVES + 1)
    amplitudes = jax.random.normal(spectrum_key, (members, _WAVES)) / order**_FALL
    place = (jnp.arange(bands) + 0.5) / bands
    curves = amplitudes @ jnp.cos(jnp.pi * order[:, None] * place)
    low, high = curves.min(axis=-1, keepdims=True), curves.max(axis=-1, keepdims=True)
    ends = jnp.sort(jax.random.uniform(level_key, (members, 2)), axis=-1)
    unit = (curves - low) / jnp.where(high > low, high - low, 1)
    spectra = ends[:, :1] + unit * (ends[:, 1:] - ends[:, :1])
    textures = power_law_texture(abundance_key, shape, _SMOOTHNESS, members + 1)
    abundances = jax.nn.softmax(_CONTRAST * textures[..., :-1], axis=-1)
    light = 0.5 + 0.5 * textures[..., -1:]
    return light * (abundances @ spectra)
