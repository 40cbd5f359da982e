import jax
import jax.numpy as jnp
import numpy as np

ORIENTATIONS, SLOPES = 5, (1.0, 2.5)
TEXTURES = ORIENTATIONS * len(SLOPES)
# Deviation that a texture has in [0, 1].
_SCALE = 1 / 12


def oriented_texture(key: jax.Array, texture: jax.Array, shape: tuple[int, int]) -> jax.Array:
    """Draws a texture of one of ten kinds: five orientations, rough or smooth.

    White noise, shaped in the Fourier domain by ``r^-slope sqrt(exp(3 cos 2 (angle - own)))`` to
    unit variance, times a contrast of 0.6 to 1.4, plus a normal offset of deviation 0.5 and white
    noise of 0.3; a twelfth of it around 0.5.

    Args:
        key: random key; ``jax.vmap`` over keys makes a batch.
        texture: which, 0 to 9: orientations change first.
        shape: (H, W).

    Returns:
        ``(H, W, 1)`` in [0, 1].
    """
    noise_key, contrast_key, offset_key, white_key = jax.random.split(key, 4)
    filters = jnp.asarray(_filters(shape), jnp.float32)[texture]
    white = jax.random.normal(noise_key, shape)
    shaped = jnp.fft.ifft2(jnp.fft.fft2(white) * filters).real
    unit = shaped / jnp.std(shaped)
    contrast = jax.random.uniform(contrast_key, minval=0.6, maxval=1.4)
    offset = 0.5 * jax.random.normal(offset_key)
    drawn = contrast * unit + offset + 0.3 * jax.random.normal(white_key, shape)
    return jnp.clip(0.5 + _SCALE * drawn, 0, 1)[..., None]


def _filters(shape):
    rows, columns = np.meshgrid(*(np.fft.fftfreq(side) for side in shape), indexing="ij")
    radius, angle = np.hypot(rows, columns), np.arctan2(rows, columns)
    radius[0, 0] = np.inf
    return np.stack([
        radius**-slope * np.sqrt(np.exp(3 * np.cos(2 * (angle - own))))
        for slope in SLOPES
        for own in -np.pi / 2 + np.pi * np.arange(ORIENTATIONS) / ORIENTATIONS
    ])  # fmt: skip
